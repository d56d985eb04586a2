"""Moments at which weekly messages, reminders and flapping change: to the second, over clock changes, in odd zones."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.context import here
from alerts.models import Channel, Notification, Route
from hubs.models import Hub
from probes.models import Finding
from probes.tell.telling import tell_hub
from probes.tell.weekly import reassure
from tests.estate import DAY, HOUR, NOW, make_hub, make_replica, make_repo, make_run

pytestmark = [pytest.mark.django_db, pytest.mark.database]
SECOND = timedelta(seconds=1)


@pytest.fixture
def hub() -> Hub:
    Channel.objects.all().delete()
    hub = make_hub("C2", remind_every=DAY)
    Hub.objects.update(contacts=["ops@example.org"])
    hub.refresh_from_db()
    make_run(make_replica(hub, "H1"), datetime(2024, 3, 1, tzinfo=UTC))
    Route.objects.create(channel=Channel.objects.create(name="contacts", weekly_on=6))
    return hub


def finding(hub: Hub, **fields: Any) -> Finding:
    defaults = {"severity": "warn", "opened_at": NOW, "confirmed_at": NOW, "message": "m"}
    return Finding.objects.create(hub=hub, code="overdue", subject_key="1", **defaults | fields)


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Santiago"])
def test_a_year_has_a_weekly_message_for_each_week(hub: Hub, zone: str) -> None:
    Channel.objects.update(time_zone=zone)
    hours = (datetime(2024, 3, 2, tzinfo=UTC) + number * HOUR for number in range(24 * 365))

    sent = [
        each.created_at for hour in hours if hour.hour % 12 == 0 for each in reassure(here(), hour)
    ]

    assert len(sent) == 52
    assert {at.astimezone(ZoneInfo(zone)).weekday() for at in sent} == {6}


def test_the_policy_of_a_repo_goes_before_that_of_the_hub(hub: Hub) -> None:
    repo = make_repo(hub, "tracs/env", remind_every=7 * DAY)
    finding(hub, repo=repo)
    tell_hub(hub, here(), NOW)

    assert tell_hub(hub, here(), NOW + 7 * DAY - SECOND) == []
    assert len(tell_hub(hub, here(), NOW + 7 * DAY)) == 1


def test_a_snoozing_ends_to_the_second(hub: Hub) -> None:
    row = finding(hub)
    tell_hub(hub, here(), NOW)
    Finding.objects.update(acknowledged_at=NOW, acknowledged_until=NOW + HOUR)

    assert tell_hub(hub, here(), NOW + HOUR - SECOND) == []
    assert len(tell_hub(hub, here(), NOW + HOUR)) == 1
    assert tell_hub(hub, here(), NOW + HOUR + SECOND) == []
    assert row.hub == hub


def test_a_clock_that_was_set_back_repeats_nothing(hub: Hub) -> None:
    finding(hub)
    tell_hub(hub, here(), NOW)

    assert tell_hub(hub, here(), NOW - 3 * DAY) == []


def test_an_escalation_does_not_put_off_the_reminder_of_others(hub: Hub) -> None:
    boss = Channel.objects.create(name="boss", addresses=["boss@example.org"])
    Route.objects.create(channel=boss, after=DAY - HOUR)
    finding(hub)
    sent: list[Notification] = []
    for hour in range(25):
        sent += tell_hub(hub, here(), NOW + hour * HOUR)

    assert [one.kind for one in sent] == ["change", "escalation", "reminder"]


def test_what_waits_for_the_limit_of_a_day_is_told_when_the_day_is_over(hub: Hub) -> None:
    row, sent = finding(hub), []
    for look in range(8):
        sent += tell_hub(hub, here(), NOW + look * HOUR)
        Finding.objects.filter(pk=row.pk).update(closed_at=None if look % 2 else NOW + look * HOUR)
    Finding.objects.filter(pk=row.pk).update(closed_at=NOW + 8 * HOUR)

    assert len(sent) == 3
    assert [one.subject.split(" — ")[1] for one in tell_hub(hub, here(), NOW + DAY + 3 * HOUR)] == [
        "over: overdue"
    ]
