"""People are told of findings: what changed, once, and nothing more than that; rows in, messages in the outbox out."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.context import here
from alerts.message import Entries, Kind
from alerts.models import Channel, Delivery, Notification, Route
from hubs.models import Hub
from probes.models import Finding, Telling
from probes.tell.telling import tell_hub
from tests.estate import DAY, HOUR, NOW, make_hub, make_replica, make_repo, make_run

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def hub() -> Hub:
    """A hub with one source, looked at just now, whose contacts are told by mail."""
    Channel.objects.all().delete()
    hub = make_hub("C2", zone="Asia/Taipei")
    hub.contacts = ["ops@example.org"]
    hub.save()
    make_run(make_replica(hub, "H1"))
    route(Channel.objects.create(name="contacts"))
    return hub


def route(channel: Channel, **fields: Any) -> Route:
    return Route.objects.create(channel=channel, **fields)


def opened(hub: Hub, code: str = "overdue", severity: str = "alarm", **fields: Any) -> Finding:
    number = Finding.objects.count()
    fields = {"opened_at": NOW - HOUR, "message": f"finding {number}"} | fields
    return Finding.objects.create(
        hub=hub,
        code=code,
        severity=severity,
        subject_key=str(number),
        confirmed_at=NOW,
        **fields,
    )


def close(finding: Finding, at: datetime = NOW, **fields: Any) -> None:
    Finding.objects.filter(pk=finding.pk).update(closed_at=at, **fields)


def tell(hub: Hub, now: datetime = NOW) -> list[Notification]:
    return tell_hub(hub, here(), now)


def words(notification: Notification) -> list[str]:
    blocks = notification.message.blocks
    return [entry.word for block in blocks if isinstance(block, Entries) for entry in block.entries]


def test_a_new_finding_is_told_to_the_contacts(hub: Hub) -> None:
    finding = opened(hub, replica=hub.replicas.get(), repo=make_repo(hub, "tracs/env"))

    (notification,) = tell(hub)

    assert notification.subject == "scmmon C2 (c2host): alarm — tracs/env overdue on H1"
    assert [one.recipient for one in notification.deliveries.all()] == ["ops@example.org"]
    assert [one.finding for one in notification.tellings.all()] == [finding]


def test_it_is_told_once(hub: Hub) -> None:
    opened(hub)
    tell(hub)

    assert tell(hub) == []


def test_all_that_changed_at_a_look_is_one_message(hub: Hub) -> None:
    for _ in range(5):
        opened(hub)

    assert len(tell(hub)) == 1


def test_the_end_is_told_with_how_long_it_lasted(hub: Hub) -> None:
    finding = opened(hub)
    tell(hub)
    close(finding, NOW + 2 * HOUR)

    (notification,) = tell(hub, NOW + 2 * HOUR)

    assert words(notification) == ["over after 3h"]
    assert notification.subject.endswith("over: overdue")


def test_what_another_finding_tells_from_now_on_is_no_end(hub: Hub) -> None:
    single = opened(hub)
    tell(hub)
    close(single, told_in=opened(hub))

    (notification,) = tell(hub)

    assert words(notification) == ["new alarm"]


def test_moments_are_on_the_clock_of_the_hub(hub: Hub) -> None:
    opened(hub)

    (notification,) = tell(hub)

    assert "2024-05-15 19:00:00 Asia/Taipei" in str(notification.content["blocks"][0])


def test_what_is_open_besides_is_said(hub: Hub) -> None:
    opened(hub)
    tell(hub)
    opened(hub, severity="warn")

    (notification,) = tell(hub)

    assert words(notification) == ["new warn", "alarm for 1h"]


def test_a_finding_that_nobody_is_told_of_waits_for_a_route(hub: Hub) -> None:
    Route.objects.update(enabled=False)
    opened(hub)
    assert tell(hub) == []

    Route.objects.update(enabled=True)

    assert len(tell(hub)) == 1


def test_a_route_from_alarm_on_is_not_told_of_a_warning(hub: Hub) -> None:
    Route.objects.update(least="alarm")
    opened(hub, severity="warn")

    assert tell(hub) == []


def test_a_route_from_alarm_on_is_told_of_an_alarm(hub: Hub) -> None:
    Route.objects.update(least="alarm")
    opened(hub, severity="alarm")

    assert len(tell(hub)) == 1


def test_a_route_of_another_hub_is_not_told(hub: Hub) -> None:
    Route.objects.update(hub=make_hub("D"))
    opened(hub)

    assert tell(hub) == []


def test_the_same_address_on_two_channels_is_told_once(hub: Hub) -> None:
    route(Channel.objects.create(name="ops", addresses=["OPS@example.org", "chief@example.org"]))
    opened(hub)

    tell(hub)

    assert Delivery.objects.count() == 2


def test_an_acknowledged_finding_is_not_told(hub: Hub) -> None:
    opened(hub, acknowledged_at=NOW)

    assert tell(hub) == []


# --- Reminders and escalation -------------------------------------------------------------------


def test_a_reminder_tells_all_that_is_open(hub: Hub) -> None:
    opened(hub)
    tell(hub, NOW - 8 * DAY)
    opened(hub, severity="warn")
    tell(hub, NOW - 3 * DAY)

    (notification,) = tell(hub)

    assert notification.kind == Kind.REMINDER
    assert len(words(notification)) == 2


def test_after_a_reminder_it_is_quiet_again(hub: Hub) -> None:
    opened(hub)
    tell(hub, NOW - 8 * DAY)
    tell(hub)

    assert tell(hub, NOW + DAY) == []


def test_the_policy_says_how_often(hub: Hub) -> None:
    fast = make_hub("F", remind_every=HOUR)
    fast.contacts = ["ops@example.org"]
    fast.save()
    opened(fast)
    tell(fast, NOW - HOUR)

    assert [one.kind for one in tell(fast)] == [Kind.REMINDER]


@pytest.fixture
def boss(hub: Hub) -> Route:
    """A route that further people are told by when something is unanswered for four hours."""
    channel = Channel.objects.create(name="boss", addresses=["boss@example.org"])
    return route(channel, after=4 * HOUR)


def test_what_is_unanswered_for_long_is_told_further_people(hub: Hub, boss: Route) -> None:
    opened(hub, opened_at=NOW - 4 * HOUR)
    tell(hub, NOW - HOUR)

    (notification,) = tell(hub)

    assert notification.kind == Kind.ESCALATION
    assert [one.recipient for one in notification.deliveries.all()] == ["boss@example.org"]


def test_what_is_unanswered_for_less_is_not(hub: Hub, boss: Route) -> None:
    opened(hub, opened_at=NOW - 4 * HOUR + timedelta(seconds=1))
    tell(hub, NOW - HOUR)

    assert tell(hub) == []


def test_what_is_acknowledged_is_not_escalated(hub: Hub, boss: Route) -> None:
    opened(hub, opened_at=NOW - DAY, acknowledged_at=NOW)

    assert tell(hub) == []


def test_it_is_escalated_once(hub: Hub, boss: Route) -> None:
    opened(hub, opened_at=NOW - 4 * HOUR)
    tell(hub)

    assert tell(hub, NOW + HOUR) == []


def test_who_was_drawn_in_is_told_of_the_end(hub: Hub, boss: Route) -> None:
    finding = opened(hub, opened_at=NOW - 4 * HOUR)
    tell(hub)
    close(finding, NOW + HOUR)

    (notification,) = tell(hub, NOW + HOUR)

    told = {one.recipient for one in notification.deliveries.all()}
    assert told == {"ops@example.org", "boss@example.org"}


# --- What must not happen -----------------------------------------------------------------------


def test_a_message_that_cannot_be_stored_leaves_its_findings_untold(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(hub)
    monkeypatch.setattr(Telling.objects, "bulk_create", lambda rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tell(hub)
    monkeypatch.undo()

    assert Notification.objects.count() == 0
    assert len(tell(hub)) == 1


def test_a_name_with_odd_characters_is_told(hub: Hub) -> None:
    repo = make_repo(hub, "tracs/a%0Ab")
    opened(hub, repo=repo, message="a\nBcc: eve@example.org \u202e")

    (notification,) = tell(hub)

    assert "\n" not in notification.subject
    assert "\u202e" not in json.dumps(notification.content["blocks"], ensure_ascii=False)
