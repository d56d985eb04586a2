"""What telling promises where severities, routes, answers and recipients change between two messages."""

from typing import Any

import pytest

from alerts.context import here
from alerts.message import Kind
from alerts.models import Channel, Notification, Route
from alerts.parcel import Result
from alerts.troubles import troubles
from hubs.models import Hub
from probes.models import Finding
from probes.tell.telling import tell_hub
from probes.tell.weekly import reassure
from tests.estate import DAY, HOUR, NOW, make_hub, make_replica, make_run
from tests.told import make_message, try_it

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def hub() -> Hub:
    """A hub whose contacts are told by mail."""
    Channel.objects.all().delete()
    hub = make_hub("C2")
    Hub.objects.update(contacts=["ops@example.org"])
    hub.refresh_from_db()
    make_run(make_replica(hub, "H1"))
    route("contacts")
    return hub


def route(name: str, *addresses: str, **fields: Any) -> Route:
    channel = Channel.objects.create(name=name, addresses=list(addresses))
    return Route.objects.create(channel=channel, **fields)


def opened(hub: Hub, severity: str = "alarm", **fields: Any) -> Finding:
    number = Finding.objects.count()
    fields = {"opened_at": NOW - HOUR, "message": f"finding {number}"} | fields
    return Finding.objects.create(
        hub=hub,
        code="overdue",
        severity=severity,
        subject_key=str(number),
        confirmed_at=NOW,
        **fields,
    )


def change(finding: Finding, **fields: Any) -> None:
    Finding.objects.filter(pk=finding.pk).update(**fields)


def tell(hub: Hub, hours: float = 0) -> list[Notification]:
    return tell_hub(hub, here(), NOW + hours * HOUR)


def told(notifications: list[Notification]) -> list[str]:
    """Return who is told by some messages, once for each."""
    return sorted(one.recipient for each in notifications for one in each.deliveries.all())


BOSS = "boss@example.org"


def test_who_was_told_of_an_alarm_is_told_that_it_is_over_though_it_was_a_warning_in_between(
    hub: Hub,
) -> None:
    route("boss", BOSS, least="alarm")
    finding = opened(hub)
    tell(hub)
    change(finding, severity="warn")
    between = tell(hub, 1)
    change(finding, closed_at=NOW + 2 * HOUR)

    assert BOSS in told(between + tell(hub, 2))


def test_who_was_drawn_in_is_told_of_the_end_though_it_got_better_in_between(hub: Hub) -> None:
    route("boss", BOSS, least="alarm", after=HOUR)
    finding = opened(hub)
    assert BOSS in told(tell(hub, 1))
    change(finding, severity="warn")
    between = tell(hub, 2)
    change(finding, closed_at=NOW + 3 * HOUR)

    assert BOSS in told(between + tell(hub, 3))


def test_where_only_an_escalation_tells_it_tells_once(hub: Hub) -> None:
    Route.objects.all().delete()
    route("boss", BOSS, after=HOUR)
    opened(hub)
    assert told(tell(hub, 1)) == [BOSS]

    assert told(tell(hub, 2)) == []


def test_where_only_an_escalation_told_the_end_is_told(hub: Hub) -> None:
    Route.objects.all().delete()
    route("boss", BOSS, after=HOUR)
    finding = opened(hub)
    assert told(tell(hub, 1)) == [BOSS]
    change(finding, closed_at=NOW + 2 * HOUR)

    assert told(tell(hub, 2)) == [BOSS]


def test_one_address_is_escalated_to_once_however_many_routes_lead_there(hub: Hub) -> None:
    route("boss", BOSS, after=HOUR)
    route("chief", BOSS.upper(), after=HOUR, hub=hub)
    opened(hub, opened_at=NOW)
    tell(hub)

    assert len(told(tell(hub, 1))) == 1


def test_what_came_back_just_now_is_not_unanswered_for_hours(hub: Hub) -> None:
    route("boss", BOSS, after=4 * HOUR)
    finding = opened(hub, opened_at=NOW)
    tell(hub)
    change(finding, closed_at=NOW + HOUR)
    tell(hub, 1)
    change(finding, closed_at=None, reopenings=1)

    assert BOSS not in told(tell(hub, 10))


def test_what_just_turned_into_an_alarm_is_not_an_alarm_unanswered_for_hours(hub: Hub) -> None:
    route("boss", BOSS, least="alarm", after=4 * HOUR)
    finding = opened(hub, "warn", opened_at=NOW)
    tell(hub)
    change(finding, severity="alarm")

    assert BOSS not in told(tell(hub, 10))


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_last_message_about_what_comes_and_goes_says_so(limit: int) -> None:
    hub = make_hub("F", messages_per_day=limit)
    Hub.objects.update(contacts=["ops@example.org"])
    hub.refresh_from_db()
    finding, sent = opened(hub), []
    for look in range(6):
        sent += tell(hub, look / 2)
        closed_at = None if look % 2 else NOW + look * HOUR / 2
        change(finding, closed_at=closed_at)

    assert len(sent) == limit
    assert "the last message for a day" in str(sent[-1].content)


def test_contacts_that_were_changed_during_the_look_are_told(hub: Hub) -> None:
    opened(hub)
    Hub.objects.update(contacts=["new@example.org"])  # while `collect` holds the row that it read

    assert told(tell(hub)) == ["new@example.org"]


def test_a_contact_whose_address_is_too_long_keeps_nobody_from_his(hub: Hub) -> None:
    long = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org"
    hub.contacts = [long, "ops@example.org"]
    hub.full_clean()  # so it can be entered
    hub.save()
    opened(hub)

    assert "ops@example.org" in told(tell(hub))


def test_an_address_that_was_corrected_is_no_trouble_any_more(hub: Hub) -> None:
    notification = make_message(hub, Channel.objects.get(), at=NOW - HOUR)
    try_it(notification.deliveries.get(), Result.REFUSED, "550 no such user")
    assert troubles(hub, NOW)
    Hub.objects.update(contacts=["right@example.org"])
    hub.refresh_from_db()

    assert troubles(hub, NOW) == []


def test_one_bad_channel_does_not_keep_the_weekly_message_from_others(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = make_hub("BAD")
    make_run(make_replica(bad, "H2"), NOW - 8 * DAY)
    route("second", "second@example.org", hub=bad)
    make_run(hub.replicas.get(), NOW - 8 * DAY)
    Channel.objects.update(weekly_on=0)
    Channel.objects.filter(name="second").update(time_zone="Atlantis/Nowhere")

    sent = reassure(here(), NOW)

    assert "ops@example.org" in told(sent)


def test_many_findings_take_few_queries(hub: Hub, django_assert_max_num_queries: Any) -> None:
    for _ in range(60):
        opened(hub, replica=hub.replicas.get())

    with django_assert_max_num_queries(60):
        assert [one.kind for one in tell(hub)] == [Kind.CHANGE]
