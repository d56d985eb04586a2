"""What is planned: windows that come once or again, holidays, and the rows that hold them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries

from hubs.models import HolidayCalendar, Hub, Maintenance, Node
from hubs.planned import (
    NOTHING_PLANNED,
    Holidays,
    Planned,
    Recurring,
    Span,
    parse_days,
    recurrence_problem,
)
from hubs.planned_rows import planned_of, planned_of_nodes
from tests.estate import DAY, HOUR, NOW, make_hub, make_node

BERLIN = ZoneInfo("Europe/Berlin")
TAIPEI = ZoneInfo("Asia/Taipei")
SECOND = timedelta(seconds=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def once(begin: datetime = NOW, length: timedelta = HOUR, reason: str = "new disks") -> Span:
    return Span(begin, begin + length, reason)


def nightly(cron: str = "30 2 * * *", zone: ZoneInfo = BERLIN, **fields: Any) -> Planned:
    window = Recurring(cron, zone, fields.pop("duration", HOUR), "upgrades", **fields)
    return Planned(recurring=(window,))


def holidays(text: str, zone: ZoneInfo = BERLIN) -> Planned:
    return Planned(recurring=(Holidays("Office", parse_days(text), zone),))


# --- Windows that come once --------------------------------------------------------------------


def test_nothing_planned_covers_nothing() -> None:
    assert not NOTHING_PLANNED
    assert NOTHING_PLANNED.covering(NOW) is None
    assert NOTHING_PLANNED.spans(NOW - DAY, NOW) == []


@pytest.mark.parametrize(
    ("at", "covered"),
    [(NOW - SECOND, False), (NOW, True), (NOW + HOUR - SECOND, True), (NOW + HOUR, False)],
)
def test_a_window_covers_from_its_beginning_until_just_before_its_end(
    at: datetime, covered: bool
) -> None:
    assert bool(Planned((once(),)).covering(at)) is covered


def test_of_two_windows_the_one_that_ends_last_is_told() -> None:
    planned = Planned((once(), once(NOW - DAY, 3 * DAY, "moving house")))

    span = planned.covering(NOW)

    assert span
    assert span.reason == "moving house"


def test_a_window_of_many_days_covers_each_of_them() -> None:
    planned = Planned((once(length=30 * DAY),))

    assert all(planned.covering(NOW + number * DAY) for number in range(30))


def test_spans_are_those_that_touch_by_their_beginning() -> None:
    before, late, early = once(NOW - DAY), once(NOW + HOUR), once(NOW - HOUR / 2)

    assert Planned((late, before, early)).spans(NOW, NOW + DAY) == [early, late]


# --- Windows that come again -------------------------------------------------------------------


def test_a_recurring_window_covers_each_time_on_its_own_clock() -> None:
    planned = nightly(zone=TAIPEI)

    assert planned.covering(utc(2024, 5, 14, 18, 45))
    assert planned.covering(utc(2031, 1, 1, 18, 45))
    assert not planned.covering(utc(2024, 5, 15, 2, 45))


def test_a_recurring_window_that_began_yesterday_still_covers() -> None:
    assert nightly("0 22 * * 5", duration=2 * DAY).covering(utc(2024, 5, 19, 12))


def test_a_window_on_a_weekday_does_not_cover_the_next() -> None:
    planned = nightly("30 2 * * 0")

    assert planned.covering(utc(2024, 5, 19, 1))
    assert not planned.covering(utc(2024, 5, 20, 1))


def test_windows_of_a_month_begin_on_the_clock_of_their_zone_not_in_utc() -> None:
    planned = nightly("30 0 1 * *", zone=TAIPEI)

    assert [span.begin for span in planned.spans(utc(2024, 5, 1), utc(2024, 6, 15))] == [
        utc(2024, 5, 31, 16, 30)
    ]


def test_a_window_in_the_hour_that_is_skipped_does_not_vanish() -> None:
    spans = nightly().spans(utc(2024, 3, 31), utc(2024, 4, 1))

    assert [(span.begin, span.end) for span in spans] == [
        (utc(2024, 3, 31, 1, 30), utc(2024, 3, 31, 2, 30))
    ]


def test_a_window_in_the_hour_that_comes_twice_is_there_once_at_the_first() -> None:
    spans = nightly().spans(utc(2024, 10, 27), utc(2024, 10, 28))

    assert [span.begin for span in spans] == [utc(2024, 10, 27, 0, 30)]


def test_a_window_comes_on_every_day_of_a_year_with_both_changes_of_the_clock() -> None:
    assert len(nightly().spans(utc(2024, 1, 1), utc(2025, 1, 1))) == 366


def test_bounds_say_when_a_recurring_window_begins_and_ends_to_come() -> None:
    planned = nightly(starts_at=utc(2024, 5, 10), ends_at=utc(2024, 5, 13))

    assert [span.begin.day for span in planned.spans(utc(2024, 5, 1), utc(2024, 6, 1))] == [
        10,
        11,
        12,
    ]


def test_a_window_that_begins_before_its_bound_is_not_cut_off() -> None:
    planned = nightly(ends_at=utc(2024, 5, 13, 0, 45))

    assert planned.covering(utc(2024, 5, 13, 1, 15))


def test_a_leap_day_that_is_years_away_is_no_trouble() -> None:
    planned = nightly("0 0 29 2 *")

    assert not planned.covering(utc(2025, 2, 28, 23, 30))
    assert planned.covering(utc(2028, 2, 28, 23, 30))


@pytest.mark.parametrize("cron", ["30 2 * * 0", "0 */6 * * *", "15 3 1 * *", "0 2 * * mon-fri"])
def test_cron_text_that_begins_at_most_once_an_hour_is_taken(cron: str) -> None:
    assert recurrence_problem(cron) == ""


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("* * * * *", "more than once in an hour"),
        ("*/5 2 * * *", "more than once in an hour"),
        ("0 0 30 2 *", "never happens"),
        ("@daily", "five fields"),
        ("0 2 * * 0 0", "five fields"),
        ("61 2 * * *", "five fields"),
        ("", "five fields"),
    ],
)
def test_other_cron_text_is_refused(cron: str, told: str) -> None:
    assert told in recurrence_problem(cron)


# --- Holidays ----------------------------------------------------------------------------------


def test_a_holiday_is_a_day_on_the_clock_of_the_hub() -> None:
    planned = holidays("2024-05-15", TAIPEI)

    assert planned.spans(utc(2024, 1, 1), utc(2025, 1, 1)) == [
        Span(utc(2024, 5, 14, 16), utc(2024, 5, 15, 16), "Office")
    ]


def test_a_range_of_holidays_is_one_span() -> None:
    span = holidays("2026-12-24..2027-01-02 # closed").covering(utc(2026, 12, 31, 12))

    assert span == Span(utc(2026, 12, 23, 23), utc(2027, 1, 2, 23), "Office: closed")


def test_a_yearly_holiday_comes_every_year() -> None:
    planned = holidays("12-25")

    assert planned.covering(utc(2019, 12, 25, 12))
    assert planned.covering(utc(2044, 12, 25, 12))


def test_a_yearly_leap_day_comes_in_leap_years() -> None:
    spans = holidays("02-29").spans(utc(2023, 1, 1), utc(2029, 1, 1))

    assert [(span.end - HOUR).date().isoformat() for span in spans] == ["2024-02-29", "2028-02-29"]


def test_a_holiday_on_the_day_of_a_clock_change_has_its_true_length() -> None:
    (span,) = holidays("2024-03-31").spans(utc(2024, 3, 31), utc(2024, 4, 1))

    assert span.end - span.begin == 23 * HOUR


def test_remarks_and_empty_lines_are_no_days() -> None:
    assert parse_days("# Germany\n\n  12-25 # Christmas \n") == parse_days("12-25#Christmas")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("25.12.", "is not a day"),
        ("2026-02-30", "is in no calendar"),
        ("13-01", "is in no calendar"),
        ("2026-12-24..2026-12-23", "ends before it begins"),
        ("2026-12-24..2062-12-26", "more than 366 days"),
        ("12-24..12-26", "is not a day"),
        ("9999-12-31", "too far away"),
        ("\uff12026-12-24", "is not a day"),
    ],
)
def test_a_line_that_is_no_day_is_named(line: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"line 2: '{line}' .*{told}"):
        parse_days(f"12-25\n{line}\n")


# --- Rows --------------------------------------------------------------------------------------


@pytest.fixture
def hub(db: None) -> Hub:
    return make_hub("C2", "Asia/Taipei")


def plan(hub: Hub | None = None, node: Node | None = None, **fields: Any) -> Maintenance:
    fields = {"starts_at": NOW, "ends_at": NOW + HOUR, "reason": "new disks"} | fields
    return Maintenance.objects.create(hub=hub, node=node, **fields)


def recurring(**fields: Any) -> dict[str, Any]:
    none: dict[str, Any] = {"starts_at": None, "ends_at": None}
    return none | {"cron": "30 2 * * *", "duration": HOUR} | fields


def test_a_window_of_a_hub_covers_it(hub: Hub) -> None:
    plan(hub)

    assert planned_of(hub).covering(NOW) == once()


def test_a_window_that_is_switched_off_covers_nothing(hub: Hub) -> None:
    plan(hub, enabled=False)

    assert not planned_of(hub)


def test_a_window_that_ended_covers_nothing_and_needs_no_cleaning(hub: Hub) -> None:
    plan(hub, starts_at=NOW - 9 * DAY, ends_at=NOW - 8 * DAY)

    assert planned_of(hub).covering(NOW) is None
    assert planned_of(hub).covering(NOW - 9 * DAY)


def test_a_recurring_window_of_a_hub_goes_by_the_clock_of_the_hub(hub: Hub) -> None:
    plan(hub, **recurring())

    assert planned_of(hub).covering(utc(2024, 5, 14, 18, 45))


def test_a_recurring_window_of_a_node_goes_by_the_clock_of_the_node(hub: Hub) -> None:
    node = make_node("vault", time_zone="Europe/Berlin")
    plan(node=node, **recurring())

    assert planned_of_nodes(hub, [node])[node.pk].covering(utc(2024, 5, 14, 0, 45))


def test_holidays_of_a_node_go_by_the_clock_of_the_hub(hub: Hub) -> None:
    node = make_node("vault", time_zone="Europe/Berlin")
    HolidayCalendar.objects.create(name="Office", days="2024-05-15").nodes.add(node)

    assert planned_of_nodes(hub, [node])[node.pk].covering(utc(2024, 5, 14, 16))


def test_what_is_planned_for_one_is_not_planned_for_another(hub: Hub) -> None:
    vault, attic = make_node("vault"), make_node("attic")
    plan(node=vault)
    HolidayCalendar.objects.create(name="Office", days="2024-05-15").nodes.add(vault)

    assert not planned_of(hub)
    assert not planned_of_nodes(hub, [vault, attic])[attic.pk]


def test_however_many_nodes_there_are_two_queries_read_what_is_planned(
    hub: Hub, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    nodes = [make_node(f"n{number}") for number in range(9)]
    calendar = HolidayCalendar.objects.create(name="Office", days="2024-05-15")
    for node in nodes:
        plan(node=node)
        calendar.nodes.add(node)

    with django_assert_num_queries(2):
        planned = planned_of_nodes(hub, nodes)
    assert all(planned[node.pk].covering(NOW) for node in nodes)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": NOW}, "ends_at"),
        ({"starts_at": None}, "starts_at"),
        ({"duration": HOUR}, "duration"),
        ({"reason": ""}, "reason"),
        (recurring(duration=None), "duration"),
        (recurring(duration=32 * DAY), "duration"),
        (recurring(cron="* * * * *"), "cron"),
        (recurring(starts_at=NOW, ends_at=NOW - DAY), "ends_at"),
    ],
)
def test_a_window_that_is_neither_once_nor_again_is_refused(
    hub: Hub, fields: dict[str, Any], wrong: str
) -> None:
    values = {"starts_at": NOW, "ends_at": NOW + HOUR, "reason": "new disks"} | fields

    with pytest.raises(ValidationError) as told:
        Maintenance(hub=hub, **values).full_clean()

    assert list(told.value.message_dict) == [wrong]


def test_a_window_is_of_a_hub_or_of_a_node(hub: Hub) -> None:
    with pytest.raises(ValidationError, match="Give either a hub or a node"):
        Maintenance(starts_at=NOW, ends_at=NOW + HOUR, reason="x").full_clean()
    with pytest.raises(IntegrityError, match="maintenance_of_a_hub_or_of_a_node"):
        plan(hub, make_node())


def test_the_database_holds_no_window_without_an_end(hub: Hub) -> None:
    with pytest.raises(IntegrityError, match="maintenance_once_or_again"):
        plan(hub, ends_at=None)


def test_a_calendar_with_a_line_that_is_no_day_is_refused() -> None:
    with pytest.raises(ValidationError, match="line 1"):
        HolidayCalendar(name="Office", days="Christmas").clean()
