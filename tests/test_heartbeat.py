"""The outgoing sign of life: it says that we are well when we are, and that we are not when we are not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from alerts.models import Channel, Route
from hubs.models import Hub, Replica
from probes import pipeline
from probes.models import Finding
from probes.tasks import look
from scmmon_site.demo.trees import lay
from tests.conftest import NodeFactory
from tests.real_nodes import RealHub, hours_ago
from tests.sinks import HttpSink, SmtpSink, reply

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heartbeat(settings: Settings) -> Iterator[HttpSink]:
    settings.SCMMON_ALLOW_PRIVATE_URLS = True
    with HttpSink(reply(200)) as sink:
        settings.SCMMON_HEARTBEAT_URL = sink.url("/ping")
        yield sink


@pytest.fixture
def hub(
    tmp_path: Path, sshd: NodeFactory, client_key: Path, heartbeat: HttpSink, settings: Settings
) -> Iterator[RealHub]:
    """A hub on two nodes, of which the second cannot be reached; its contacts are told by mail."""
    hub = RealHub(tmp_path, sshd, client_key, "UTC")
    for node in ("vault", "dead"):
        hub.add(node, seconds=3)
    hub.servers["dead"].close()
    lay(hub.root("vault"), "tracs/env", hours_ago(3), zone="UTC", sizes=100)
    Hub.objects.update(contacts=["ops@example.org"])
    channel, _ = Channel.objects.get_or_create(name="hub contacts")
    Route.objects.get_or_create(channel=channel, hub=None, after=None)
    with SmtpSink() as smtp:
        smtp.receives_mail_of(settings)
        yield hub


def paths(sink: HttpSink) -> list[str]:
    return [one.path for one in sink.asked]


def test_a_node_that_cannot_be_reached_is_no_failure_of_ours(
    hub: RealHub, heartbeat: HttpSink
) -> None:
    hub.collect()

    assert paths(heartbeat) == ["/ping"]


def test_a_node_that_cannot_be_reached_is_no_failure_of_ours_with_a_work_queue_either(
    hub: RealHub, heartbeat: HttpSink
) -> None:
    hub.collect()
    heartbeat.asked.clear()

    for replica in Replica.objects.all():  # as qcluster does after `collect --queue`
        look(replica.pk)

    assert "/ping/fail" not in paths(heartbeat)


def test_a_round_of_which_nobody_is_told_is_no_sign_of_life(
    hub: RealHub, heartbeat: HttpSink
) -> None:
    Hub.objects.update(contacts=[])

    hub.collect()

    assert Finding.objects.open().exists()
    assert paths(heartbeat) == ["/ping/fail"]


def test_a_round_that_explodes_says_so(
    hub: RealHub, heartbeat: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode() -> None:
        raise RuntimeError("delivering exploded")

    monkeypatch.setattr(pipeline, "deliver", explode)

    with pytest.raises(CommandError):
        hub.collect()
    assert paths(heartbeat) == ["/ping/fail"]


def test_the_reason_holds_no_address_of_anybody(
    hub: RealHub, heartbeat: HttpSink, settings: Settings
) -> None:
    settings.EMAIL_PORT = 1

    hub.collect()

    assert b"not delivered" in heartbeat.asked[0].body
    assert b"ops@example.org" not in heartbeat.asked[0].body
