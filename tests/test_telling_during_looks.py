"""What happens to hubs while `collect` looks at them is no failure of ours, and no silence."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from alerts import delivery
from alerts.message import Message
from alerts.models import Channel, Notification, Route
from alerts.outbox import post, reached_by
from alerts.parcel import Outcome, Result
from hubs.models import Hub, Node, Replica
from probes.models import CollectRun, Finding
from probes.pipeline import CollectRequest, collect
from tests.sinks import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def operators(settings: Settings) -> None:
    settings.SCMMON_OPERATORS = ["operator@example.org"]


@pytest.fixture
def hubs(tmp_path: Path, smtp: SmtpSink) -> list[Hub]:
    """Two hubs whose roots are missing, each with a contact."""
    channel, _ = Channel.objects.get_or_create(name="hub contacts")
    Route.objects.get_or_create(channel=channel, hub=None, after=None)
    node = Node.objects.create(tag="here", transport="local")
    made = [
        Hub.objects.create(tag=tag, contacts=[f"{tag.lower()}@example.org"]) for tag in ("C1", "C2")
    ]
    for hub in made:
        Replica.objects.create(hub=hub, node=node, root=str(tmp_path / hub.tag))
    return made


def test_a_hub_that_is_deleted_during_the_look_is_no_failure(
    hubs: list[Hub], smtp: SmtpSink
) -> None:
    def delete_it(run: CollectRun) -> None:
        Hub.objects.filter(tag="C1").delete()

    collect(CollectRequest(), delete_it)

    assert {one.recipient for one in smtp.mails} == {"c2@example.org"}


def test_a_finding_of_a_hub_that_is_not_looked_at_any_more_is_reminded_of(
    hubs: list[Hub], smtp: SmtpSink
) -> None:
    collect(CollectRequest())
    Replica.objects.filter(hub__tag="C1").update(enabled=False)
    Finding.objects.update(told_at=timezone.now() - timedelta(days=8))
    smtp.mails.clear()

    collect(CollectRequest())

    assert Finding.objects.open().filter(hub__tag="C1").exists()
    assert "c1@example.org" in {one.recipient for one in smtp.mails}


def test_channels_are_served_a_few_at_once(
    hubs: list[Hub], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = 0, 0
    guard = threading.Lock()

    def send(parcel: object) -> Outcome:
        nonlocal at_once, most
        with guard:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.2)
        with guard:
            at_once -= 1
        return Outcome(Result.ACCEPTED, "taken")

    monkeypatch.setattr(delivery, "send", send)
    for number in range(50):
        channel = Channel.objects.create(name=f"c{number}", kind="apprise", url="json://127.0.0.1")
        message = Message("change", "alarm", "alarm", "it burns", "It burns.")
        post(message, reached_by([channel], None), timezone.now())
    delivery.deliver()

    assert most <= settings.SCMMON_WORKERS
    assert not Notification.objects.filter(deliveries__status="waiting").exists()
