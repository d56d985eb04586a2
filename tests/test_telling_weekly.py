"""Once a week people are told how every hub is, even when all is well."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.context import here
from alerts.message import Entries, Kind, Table
from alerts.models import Channel, Notification, Route
from hubs.models import Hub
from probes.models import Finding, TarballSnapshot
from probes.tell.weekly import reassure
from tests.estate import DAY, HOUR, NOW, lay_snapshots, make_hub, make_replica, make_run

pytestmark = [pytest.mark.django_db, pytest.mark.database]

WEDNESDAY = 2  # as NOW is one


@pytest.fixture
def hub() -> Hub:
    """A hub that has been looked at for a month; its contacts want to hear on Wednesdays."""
    Channel.objects.all().delete()
    hub = hub_told("C2", "ops@example.org")
    Route.objects.create(channel=Channel.objects.create(name="contacts", weekly_on=WEDNESDAY))
    return hub


def hub_told(tag: str, *contacts: str) -> Hub:
    hub = make_hub(tag)
    hub.contacts = list(contacts)
    hub.save()
    replica = make_replica(hub, f"{tag}-node")
    make_run(replica, NOW - 30 * DAY)
    make_run(replica, NOW - HOUR)
    return hub


def said(now: datetime = NOW) -> list[Notification]:
    return reassure(here(), now)


def row(notification: Notification, hub: Hub) -> dict[str, str]:
    (table,) = [block for block in notification.message.blocks if isinstance(block, Table)]
    (cells,) = [cells for cells in table.rows if cells[0].text == str(hub)]
    return dict(zip(table.columns, (cell.text for cell in cells), strict=True))


def test_it_is_told_even_when_all_is_well(hub: Hub) -> None:
    (notification,) = said()

    assert notification.kind == Kind.REASSURANCE
    assert notification.subject == "scmmon weekly: all is well"
    assert [one.recipient for one in notification.deliveries.all()] == ["ops@example.org"]


def test_it_is_told_once_a_week(hub: Hub) -> None:
    said()

    assert said(NOW + 6 * DAY) == []


def test_a_week_later_it_is_told_again(hub: Hub) -> None:
    said()

    assert len(said(NOW + 7 * DAY)) == 1


def test_it_comes_when_the_day_begins(hub: Hub) -> None:
    said(NOW - 7 * DAY)
    wednesday = datetime(2024, 5, 15, tzinfo=UTC)

    assert said(wednesday - timedelta(seconds=1)) == []
    assert len(said(wednesday)) == 1


def test_the_day_is_that_of_the_channels_zone(hub: Hub) -> None:
    Channel.objects.update(time_zone="Asia/Taipei")
    said(NOW - 7 * DAY)
    wednesday_there = datetime(2024, 5, 14, 16, tzinfo=UTC)

    assert said(wednesday_there - timedelta(seconds=1)) == []
    assert len(said(wednesday_there)) == 1


def test_a_day_on_which_nothing_ran_is_made_up_for(hub: Hub) -> None:
    said(NOW - 7 * DAY)

    assert len(said(NOW + 2 * DAY)) == 1


def test_a_monitor_that_began_since_waits_for_its_first_week(hub: Hub) -> None:
    hub.replicas.get().runs.all().delete()
    make_run(hub.replicas.get(), NOW - HOUR)

    assert said() == []


def test_a_channel_without_a_weekday_is_left_alone(hub: Hub) -> None:
    Channel.objects.update(weekly_on=None)

    assert said() == []


def test_whoever_is_told_of_several_hubs_gets_one_message(hub: Hub) -> None:
    hub_told("D", "ops@example.org")

    (notification,) = said()

    assert set(notification.message.facts["hubs"]) == {"C2", "D"}


def test_nobody_is_told_of_hubs_that_are_not_his(hub: Hub) -> None:
    hub_told("D", "other@example.org")

    told = {one.deliveries.get().recipient: set(one.message.facts["hubs"]) for one in said()}

    assert told == {"ops@example.org": {"C2"}, "other@example.org": {"D"}}


def test_the_worst_hub_comes_first_and_in_the_subject(hub: Hub) -> None:
    bad = hub_told("D", "ops@example.org")
    opened(bad)

    (notification,) = said()

    assert notification.subject == "scmmon weekly: 1 alarm, 1 ok"
    assert list(notification.message.facts["hubs"]) == ["D", "C2"]


def opened(hub: Hub, **fields: Any) -> Finding:
    return Finding.objects.create(
        hub=hub,
        code="overdue",
        severity="alarm",
        subject_key="1",
        message="late",
        opened_at=NOW - DAY,
        confirmed_at=NOW,
        **fields,
    )


def test_it_says_what_was_silenced_and_why(hub: Hub) -> None:
    opened(hub, acknowledged_at=NOW - HOUR, acknowledged_reason="the disk is on its way")

    (notification,) = said()

    silenced = [
        entry
        for block in notification.message.blocks
        if isinstance(block, Entries) and block.title == "Acknowledged or snoozed"
        for entry in block.entries
    ]
    assert "the disk is on its way" in silenced[0].details[0]


def test_it_says_how_much_the_tarballs_grew(hub: Hub) -> None:
    replica = hub.replicas.get()
    lay_snapshots(replica, stamps=[NOW - 8 * DAY], size_bytes=1000)
    lay_snapshots(replica, stamps=[NOW - DAY], size_bytes=1100)

    (notification,) = said()

    assert row(notification, hub)["Size, and growth in a week"] == "1.1 kB, +10.0%"


def test_it_says_what_was_proved(hub: Hub) -> None:
    lay_snapshots(hub.replicas.get(), stamps=[NOW - DAY, NOW - 2 * DAY])
    TarballSnapshot.objects.update(verified_at=NOW - HOUR, verified_verdict="good")

    (notification,) = said()

    assert row(notification, hub)["Proved"].startswith("2, last 2024-05-15 11:00:00")


def test_it_says_when_a_disk_will_be_full(hub: Hub) -> None:
    replica = hub.replicas.get()
    for day in range(20):
        make_run(replica, NOW - day * DAY, free_bytes=(20 + day) * 10**9, total_bytes=100 * 10**9)

    (notification,) = said()

    assert row(notification, hub)["Disk"] == "C2-node full in 20 days"
