"""Two policies on one past, as values: which findings are the same, what differs, how much work it is, which command does it."""

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hubs.limits import DEFAULT_LIMITS
from hubs.moments import parse_moment
from hubs.overrides import overrides_from
from probes.models import Finding
from probes.preview import Change, compare
from probes.preview_trial import MOST_WORK, Past, Work, command_line, difference
from tests.estate import DAY, HOUR, NOW

PAST = Past(NOW - DAY, NOW, 6 * HOUR, "2024-05-14 12:00", "")


def a_finding(
    opened: timedelta = DAY, lasts: timedelta | None = HOUR, subject: str = "repo 1", **fields: Any
) -> Finding:
    """Return a finding that opened so long before NOW; None lasts until the end."""
    opened_at = NOW - opened
    closed_at = None if lasts is None else opened_at + lasts
    defaults = {"code": "overdue", "severity": "alarm"} | fields
    return Finding(subject_key=subject, opened_at=opened_at, closed_at=closed_at, **defaults)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (a_finding(10 * DAY, None), a_finding(DAY, HOUR)),
        (a_finding(DAY, HOUR), a_finding(10 * DAY, 10 * DAY)),
        (a_finding(5 * DAY, HOUR), a_finding(4 * DAY, HOUR)),
        (a_finding(severity="warn"), a_finding(severity="alarm")),
    ],
    ids=["the later within the earlier", "the earlier came later", "a day apart", "worse"],
)
def test_the_same_finding_of_both_policies_is_one(before: Finding, after: Finding) -> None:
    compared = compare([before], [after])

    assert compared.both == ((before, after),)
    assert (compared.only_before, compared.only_after) == ((), ())


@pytest.mark.parametrize(
    "after",
    [
        a_finding(3 * DAY, HOUR),
        a_finding(5 * DAY, subject="repo 2"),
        a_finding(5 * DAY, code="gap"),
    ],
    ids=["more than a day later", "another subject", "another rule"],
)
def test_what_is_not_the_same_is_told_apart(after: Finding) -> None:
    before = a_finding(5 * DAY, HOUR)

    compared = compare([before], [after])

    assert (compared.only_before, compared.only_after) == ((before,), (after,))
    assert compared.both == ()


def test_a_finding_that_would_have_come_twice_is_one_more() -> None:
    long = a_finding(10 * DAY, None)
    first, second = a_finding(10 * DAY, DAY), a_finding(5 * DAY, DAY)

    compared = compare([long], [second, first])

    assert (compared.both, compared.only_after) == (((long, first),), (second,))


def test_each_finding_is_matched_with_the_one_of_its_time() -> None:
    before = [a_finding(day * DAY, HOUR) for day in (9, 6, 3)]
    after = [a_finding(day * DAY - HOUR, HOUR) for day in (6, 3, 1)]

    compared = compare(before, after)

    assert compared.both == ((before[1], after[0]), (before[2], after[1]))
    assert (compared.only_before, compared.only_after) == ((before[0],), (after[2],))


def test_findings_are_counted_by_rule_and_severity() -> None:
    before = [a_finding(), a_finding(subject="repo 2"), a_finding(code="gap", severity="notice")]
    after = [a_finding(), a_finding(code="lagging", severity="warn")]

    compared = compare(before, after)

    none = Change(0, 0)
    assert {row.code: row.severities for row in compared.counts} == {
        "gap": (none, none, Change(1, 0)),
        "lagging": (none, Change(0, 1), none),
        "overdue": (Change(2, 1), none, none),
    }
    assert compared.total.severities == (Change(2, 1), Change(0, 1), Change(1, 0))


def test_the_worst_findings_come_first_and_then_the_oldest() -> None:
    levels = [("notice", 9), ("alarm", 2), ("warn", 5), ("alarm", 7)]
    after = [
        a_finding(days * DAY, severity=severity, subject=str(days)) for severity, days in levels
    ]

    told = compare([], after).only_after

    assert [finding.subject_key for finding in told] == ["7", "2", "5", "9"]


def test_policies_that_come_to_the_same_do_not_differ() -> None:
    assert not difference(DEFAULT_LIMITS, replace(DEFAULT_LIMITS, grace=6 * HOUR))


def test_only_what_differs_is_laid_over_todays_policy() -> None:
    today = replace(DEFAULT_LIMITS, grace=3 * HOUR, copies=2)

    differs = difference(today, replace(today, copies=3, cadence="1d"))

    assert (differs.overrides, differs.emptied) == ({"cadence": "1d", "copies": 3}, ())


def test_an_emptied_limit_has_its_default_or_is_not_set() -> None:
    today = replace(DEFAULT_LIMITS, grace=3 * HOUR, copies=2)

    differs = difference(today, DEFAULT_LIMITS)

    assert (differs.overrides, differs.emptied) == ({"grace": 6 * HOUR}, ("copies",))


def test_the_command_says_what_the_form_said() -> None:
    overrides = {
        "cadence": "47 10 * * *",
        "grace": 90 * HOUR / 60,
        "extensions": ".tar.gz .zip",
        "sidecar": "none",
        "free_space_min": "10%",
        "days_to_full": 0,
    }

    words = shlex.split(command_line("Z9:hub", PAST, overrides))

    assert words[:5] == ["manage.py", "backtest", "Z9:hub", "--since", "2024-05-14 12:00"]
    assert words[5:7] == ["--every", "6h"]
    assert words[7::2] == ["--set"] * len(overrides)
    assert overrides_from(words[8::2]) == overrides


def test_the_command_ends_when_the_form_did() -> None:
    assert "--until 2024-05-15" in command_line("H", replace(PAST, until_text="2024-05-15"), {})


def test_looks_are_counted_with_both_ends() -> None:
    assert (PAST.looks, replace(PAST, until=NOW - HOUR).looks) == (5, 4)


@pytest.mark.parametrize(
    ("work", "is_too_much"),
    [
        (Work(MOST_WORK, repos=1, replicas=1, tarballs=0), False),
        (Work(MOST_WORK, repos=1, replicas=1, tarballs=2), True),
        (Work(1, repos=1, replicas=1, tarballs=2 * MOST_WORK), True),
    ],
)
def test_too_much_work_is_refused(work: Work, is_too_much: bool) -> None:
    assert bool(work.refusal) == is_too_much


def test_a_refusal_says_how_much_it_is_and_what_to_do() -> None:
    told = Work(2921, repos=20, replicas=6, tarballs=87_600).refusal

    for words in (
        "looks: 2,921",
        "repos: 20",
        "replicas: 6",
        "to read: 87,600",
        "command backtest",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-15", datetime(2024, 5, 14, 16, tzinfo=UTC)),
        ("2024-05-15T10:30", datetime(2024, 5, 15, 2, 30, tzinfo=UTC)),
        ("2024-05-15 10:30+02:00", datetime(2024, 5, 15, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_on_the_clock_of_a_zone(text: str, moment: datetime) -> None:
    assert parse_moment(text, ZoneInfo("Asia/Taipei")) == moment


@pytest.mark.parametrize("text", ["", "today", "2024-13-01", "0001-01-01"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date: write YYYY-MM-DD"):
        parse_moment(text, ZoneInfo("Asia/Taipei"))
