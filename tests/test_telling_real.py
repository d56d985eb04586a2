"""People are told of what happens to real nodes: by real mail, in few messages, and of no recovery that nobody saw."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from alerts.models import Channel, Notification, Route
from hubs.models import Hub, Policy
from probes.models import Finding
from scmmon_site.demo.trees import lay
from tests.conftest import NodeFactory
from tests.real_nodes import RealHub, hours_ago
from tests.sinks import HttpSink, SmtpSink, mail_to, reply

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hub(tmp_path: Path, sshd: NodeFactory, client_key: Path, smtp: SmtpSink) -> RealHub:
    """A hub with 500 tarballs on one node, looked at once; its contacts are told by mail."""
    hub = RealHub(tmp_path, sshd, client_key, "Asia/Taipei")
    hub.add("vault", seconds=3)
    for number in range(50):
        lay(hub.root("vault"), f"tracs/env{number}", hours_ago(10), zone="Asia/Taipei", sizes=100)
    Hub.objects.update(contacts=["ops@example.org"])
    channel, _ = Channel.objects.get_or_create(name="hub contacts")
    Route.objects.get_or_create(channel=channel, hub=None, after=None)
    hub.collect()
    smtp.mails.clear()
    return hub


def subjects(smtp: SmtpSink) -> list[str]:
    return [one.parsed["Subject"] for one in smtp.mails]


def text(smtp: SmtpSink) -> str:
    body = smtp.mails[-1].parsed.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def stop(hub: RealHub) -> None:
    hub.servers["vault"].close()


def start(hub: RealHub) -> None:
    hub.servers["vault"].start()


def test_a_node_with_500_tarballs_that_dies_is_one_message(hub: RealHub, smtp: SmtpSink) -> None:
    stop(hub)
    hub.collect()

    (subject,) = subjects(smtp)
    assert subject == "scmmon C2 (cms02): unknown — vault unreachable"


def test_the_message_says_what_failed_and_how_to_see_it(hub: RealHub, smtp: SmtpSink) -> None:
    stop(hub)
    hub.collect()

    told = text(smtp)
    assert "unreachable in stage connect" in told
    assert "To repeat the look at C2 on vault" in told
    assert "unknown since" in told


def test_bad_and_then_silent_is_no_recovery(hub: RealHub, smtp: SmtpSink) -> None:
    (hub.root("vault") / "tracs/env1").rename(hub.root("vault") / "tracs/elsewhere")
    hub.collect("--full")
    before = Finding.objects.open().count()
    smtp.mails.clear()
    stop(hub)

    hub.collect()

    assert before
    assert not any("over:" in subject for subject in subjects(smtp))
    assert "over after" not in "".join(text(smtp) for _ in smtp.mails)


def test_an_end_that_was_seen_is_told(hub: RealHub, smtp: SmtpSink) -> None:
    stop(hub)
    hub.collect()
    start(hub)

    hub.collect()

    assert subjects(smtp)[-1].endswith("over: vault unreachable")


@pytest.mark.parametrize("limit", [3, 5])
def test_a_node_that_flaps_is_told_as_often_as_the_policy_says(
    hub: RealHub, smtp: SmtpSink, limit: int
) -> None:
    Policy.objects.create(hub=hub.row, messages_per_day=limit)
    for _ in range(5):
        stop(hub)
        hub.collect()
        start(hub)
        hub.collect()

    assert len(smtp.mails) == limit


def test_the_last_message_about_flapping_says_so(hub: RealHub, smtp: SmtpSink) -> None:
    for _ in range(2):
        stop(hub)
        hub.collect()
        start(hub)
        hub.collect()

    assert "the last message for a day" in " ".join(text(smtp).split())


def test_no_alert_leaves_it_to_the_next_run(hub: RealHub, smtp: SmtpSink) -> None:
    stop(hub)
    hub.collect("--no-alert")
    assert smtp.mails == []

    hub.collect()

    assert len(smtp.mails) == 1


def test_what_could_not_be_sent_is_sent_by_the_next_run(
    hub: RealHub, smtp: SmtpSink, settings: Settings
) -> None:
    mail_to(settings, 1)
    stop(hub)
    hub.collect()
    smtp.receives_mail_of(settings)
    Notification.objects.get(kind="change", subject__contains="unreachable").deliveries.update(
        due_at=timezone.now()
    )

    hub.collect()

    assert any("unreachable" in subject for subject in subjects(smtp))


# --- Signs of life ------------------------------------------------------------------------------


@pytest.fixture
def heartbeat(settings: Settings) -> Iterator[HttpSink]:
    settings.SCMMON_ALLOW_PRIVATE_URLS = True
    with HttpSink(reply(200)) as sink:
        settings.SCMMON_HEARTBEAT_URL = sink.url("/ping/uuid")
        yield sink


def paths(sink: HttpSink) -> list[str]:
    return [one.path for one in sink.asked]


def test_a_round_that_worked_is_a_sign_of_life(hub: RealHub, heartbeat: HttpSink) -> None:
    hub.collect()

    assert paths(heartbeat) == ["/ping/uuid"]


Breaks = Callable[[RealHub, Settings], None]


def all_nodes_away(hub: RealHub, settings: Settings) -> None:
    stop(hub)


def mail_server_away(hub: RealHub, settings: Settings) -> None:
    mail_to(settings, 1)
    (hub.root("vault") / "tracs/env1").rename(hub.root("vault") / "tracs/elsewhere")


def another_hub_forgotten(hub: RealHub, settings: Settings) -> None:
    other = Hub.objects.create(tag="D")
    other.replicas.create(node=hub.row.replicas.get().node, root="/elsewhere")


@pytest.mark.parametrize(
    ("breaks", "reason"),
    [
        (all_nodes_away, b"no replica was listed completely"),
        (mail_server_away, b"not delivered"),
        (another_hub_forgotten, b"nobody has looked at hub D"),
    ],
)
def test_a_round_that_failed_says_why(
    hub: RealHub, heartbeat: HttpSink, settings: Settings, breaks: Breaks, reason: bytes
) -> None:
    breaks(hub, settings)

    hub.collect("C2", "--full")

    assert paths(heartbeat) == ["/ping/uuid/fail"]
    assert reason in heartbeat.asked[0].body


def test_a_heartbeat_that_nobody_takes_stops_nothing(
    hub: RealHub, settings: Settings, smtp: SmtpSink
) -> None:
    settings.SCMMON_HEARTBEAT_URL = "http://127.0.0.1:1/ping"

    assert hub.collect().exit_code == 0


def test_no_alert_gives_no_sign_of_life(hub: RealHub, heartbeat: HttpSink) -> None:
    hub.collect("--no-alert")

    assert heartbeat.asked == []
