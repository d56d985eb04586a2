"""The command `backtest`: what the rules would have said at each look in the past, and nothing stored."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hubs.models import Hub, Policy
from probes.management.commands.backtest import Command
from probes.models import Finding, Suspicion
from tests.estate import DAY, HOUR, every, lay_snapshots, make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db
FIELDS = {
    "id", "code", "severity", "hub", "node", "repo", "path", "stamp_at", "message", "opened_at",
    "closed_at", "evidence", "acknowledged_by",
}  # fmt: skip
RANGE = ("--since", "2024-05-05", "--until", "2024-05-15T12:00")


def text(*arguments: str) -> str:
    """Return what the command prints for people."""
    out = io.StringIO()
    call_command("backtest", *arguments, stdout=out)
    return out.getvalue()


def printed(*arguments: str) -> dict[str, Any]:
    """Return what the command prints for programs."""
    document: dict[str, Any] = json.loads(text(*arguments, "--format", "json"))
    return document


def codes(*arguments: str) -> list[str]:
    return sorted(finding["code"] for finding in printed(*arguments)["findings"])


@pytest.fixture
def hub() -> Hub:
    """A hub in UTC whose backup of 12 May is missing, and which was looked at every day."""
    return lay_hub("UTC")


def lay_hub(zone: str) -> Hub:
    hub = make_hub(zone=zone)
    replica = make_replica(hub)
    stamps = every(40, newest=10 * HOUR)  # 02:00 UTC
    lay_snapshots(replica, stamps=stamps[:-4] + stamps[-3:])
    for number in range(20):
        make_run(replica, stamps[-1] + 4 * HOUR - number * DAY)
    return hub


# --- For programs ---------------------------------------------------------------------------------


def test_it_prints_how_many_looks_and_what_they_would_have_found(hub: Hub) -> None:
    document = printed("H", *RANGE)

    assert set(document) == {"looks", "findings"}
    assert document["looks"] == 10 * 4 + 3
    assert [finding["code"] for finding in document["findings"]] == ["overdue"]


def test_a_finding_has_the_fields_that_findings_prints(hub: Hub) -> None:
    (finding,) = printed("H", *RANGE)["findings"]

    assert set(finding) == FIELDS
    assert (finding["hub"], finding["node"], finding["repo"]) == ("H", "vault", "tracs/env")
    assert (finding["path"], finding["stamp_at"], finding["acknowledged_by"]) == (None, None, None)
    assert finding["evidence"]["due_at"] == "2024-05-12T08:00:00+00:00"


def test_moments_are_those_of_the_looks_with_their_offset(hub: Hub) -> None:
    (finding,) = printed("H", *RANGE)["findings"]

    assert datetime.fromisoformat(finding["opened_at"]) == datetime(2024, 5, 12, 12, tzinfo=UTC)
    assert datetime.fromisoformat(finding["closed_at"]) == datetime(2024, 5, 13, 6, tzinfo=UTC)


def test_what_is_still_wrong_at_the_end_is_not_closed(hub: Hub) -> None:
    (finding,) = printed("H", "--since", "2024-05-05", "--until", "2024-05-12T18:00")["findings"]

    assert finding["closed_at"] is None


def test_a_finding_of_the_whole_hub_has_no_node_and_no_repo() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(5):
        lay_snapshots(replica, f"tracs/env{number}", every(40, newest=3 * DAY))

    (finding,) = printed("H", *RANGE)["findings"]

    assert (finding["node"], finding["repo"]) == (None, None)
    assert len(finding["evidence"]["repos"]) == 5


def test_a_finding_of_a_tarball_has_its_path_and_stamp() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(40))
    (odd,) = lay_snapshots(
        replica, stamps=[every(5)[0] + HOUR], size_bytes=0, file_name="odd.tar.gz"
    )

    (finding,) = printed("H", *RANGE)["findings"]

    assert finding["path"] == odd.path
    assert datetime.fromisoformat(finding["stamp_at"]) == odd.stamp_at


def test_a_sound_past_gives_an_empty_list() -> None:
    lay_snapshots(make_replica(make_hub()), stamps=every(40))

    assert printed("H", *RANGE)["findings"] == []


# --- For people -----------------------------------------------------------------------------------


def test_people_read_one_line_a_finding_and_a_sum(hub: Hub) -> None:
    finding, total = text("H", *RANGE).splitlines()

    assert finding.startswith("alarm  overdue: The newest tarball of tracs/env on vault")
    assert "(from 2024-05-12 12:00 to 2024-05-13 06:00 UTC)" in finding
    assert total == "43 looks, 1 findings"


def test_no_progress_is_printed_into_a_file(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    text("H", *RANGE)

    assert capsys.readouterr().err == ""


# --- Looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "looks", "opened"),
    [
        ("1h", 253, "2024-05-12T09:00"),
        ("6h", 43, "2024-05-12T12:00"),
        ("12h", 22, "2024-05-12T12:00"),
    ],
)
def test_looks_may_be_closer_or_further_apart(hub: Hub, step: str, looks: int, opened: str) -> None:
    document = printed("H", *RANGE, "--every", step)

    assert document["looks"] == looks
    assert document["findings"][0]["opened_at"].startswith(opened)


def test_looks_so_far_apart_that_none_sees_the_hole_tell_of_a_gap(hub: Hub) -> None:
    assert codes("H", *RANGE, "--every", "3d") == ["gap"]


def test_a_stored_look_that_failed_fails_in_the_past_too(hub: Hub) -> None:
    replica = hub.replicas.get()
    for hours in (0, 6):
        make_run(replica, datetime(2024, 5, 8, hours, tzinfo=UTC), "unreachable", stage="connect")

    assert codes("H", *RANGE) == ["overdue", "unreachable"]


def test_a_look_at_the_very_end_counts(hub: Hub) -> None:
    document = printed("H", "--since", "2024-05-12T12:00", "--until", "2024-05-12T12:00")

    assert (document["looks"], len(document["findings"])) == (1, 1)


def test_until_is_now_where_it_is_not_given() -> None:
    replica = make_replica(make_hub())
    now = timezone.now()
    lay_snapshots(replica, stamps=[now - DAY * number for number in range(40)])

    document = printed("H", "--since", (now - 2 * DAY).isoformat())

    assert (document["looks"], document["findings"]) == (9, [])


def test_nothing_is_known_of_the_future() -> None:
    replica = make_replica(make_hub())
    now = timezone.now()
    lay_snapshots(replica, stamps=[now - DAY * number for number in range(40)])

    try:
        found = codes(
            "H", "--since", (now - DAY).isoformat(), "--until", (now + 20 * DAY).isoformat()
        )
    except CommandError as refused:
        assert refused.returncode == 2  # noqa: PT017 - refusing it is as good
    else:
        assert found == []


# --- Zones ----------------------------------------------------------------------------------------


def test_days_begin_at_midnight_on_the_clock_of_the_hub() -> None:
    lay_hub("Asia/Taipei")

    day = printed("H", "--since", "2024-05-12", "--until", "2024-05-13", "--every", "1h")

    assert day["looks"] == 25
    # 09:00 UTC, the first look after the grace, is 17:00 of the same day there.
    assert day["findings"][0]["opened_at"].startswith("2024-05-12T09:00")
    assert codes("H", "--since", "2024-05-11", "--until", "2024-05-12T16:00") == []
    assert codes("H", "--since", "2024-05-11", "--until", "2024-05-12T17:00", "--every", "1h") == [
        "overdue"
    ]


def test_a_time_with_an_offset_is_that_time() -> None:
    lay_hub("Asia/Taipei")
    until = ("--until", "2024-05-12T09:00+00:00", "--every", "1h")

    assert codes("H", "--since", "2024-05-11T00:00-04:00", *until) == ["overdue"]


def test_a_day_on_which_the_clock_is_changed_has_other_hours() -> None:
    hub = make_hub(zone="Europe/Berlin")
    lay_snapshots(make_replica(hub), stamps=every(90))

    spring = printed("H", "--since", "2024-03-31", "--until", "2024-04-01", "--every", "1h")

    assert spring["looks"] == 24


# --- Another policy -------------------------------------------------------------------------------


def test_another_grace_may_be_tried(hub: Hub) -> None:
    assert codes("H", *RANGE, "--set", "grace=30h") == []


def test_several_limits_may_be_tried_at_once(hub: Hub) -> None:
    found = codes("H", *RANGE, "--set", "copies=2", "--set", "cadence=1d", "--set", "grace=2h")

    assert found == ["overdue", "too_few_copies"]


def test_the_last_of_two_values_of_one_limit_counts(hub: Hub) -> None:
    assert codes("H", *RANGE, "--set", "grace=30h", "--set", "grace=1h") == ["overdue"]


def test_what_is_tried_wins_over_the_policies_of_hub_and_repo(hub: Hub) -> None:
    Policy.objects.create(hub=hub, grace=50 * HOUR)
    Policy.objects.create(repo=hub.repos.get(), grace=60 * HOUR)
    assert codes("H", *RANGE) == []

    assert codes("H", *RANGE, "--set", "grace=6h") == ["overdue"]


def test_more_looks_may_be_wanted(hub: Hub) -> None:
    (finding,) = printed("H", *RANGE, "--set", "alert_after=3")["findings"]

    assert finding["opened_at"].startswith("2024-05-13T00:00")


def test_cron_text_may_be_tried() -> None:
    lay_hub("Asia/Taipei")

    assert codes("H", *RANGE, "--set", "cadence=0 10 * * *") == ["overdue"]


# --- Nothing is stored ----------------------------------------------------------------------------


def test_it_writes_nothing(hub: Hub) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert codes("H", *RANGE, "--set", "alert_after=2") == ["overdue"]

    statements = [query["sql"].split()[0] for query in queries]
    assert set(statements) <= {"SELECT", "DECLARE"}  # a cursor of PostgreSQL reads, too
    assert not Finding.objects.exists()
    assert not Suspicion.objects.exists()


def test_stored_findings_are_neither_read_nor_touched(hub: Hub) -> None:
    Finding.objects.create(
        hub=hub,
        code="overdue",
        severity="alarm",
        subject_key="x",
        message="",
        opened_at=timezone.now(),
        confirmed_at=timezone.now(),
    )

    assert codes("H", *RANGE) == ["overdue"]
    assert Finding.objects.get().closed_at is None


def test_it_asks_as_few_questions_for_many_looks_as_for_few(hub: Hub) -> None:
    counts = []
    for step in ("2d", "1h"):
        with CaptureQueriesContext(connection) as queries:
            text("H", *RANGE, "--every", step)
        counts.append(len(queries))

    assert counts[0] == counts[1] < 25


# --- Wrong usage ----------------------------------------------------------------------------------


def exit_code(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Return what a shell would see of the command."""
    monkeypatch.setattr(connections, "close_all", lambda: None)  # the test still needs them
    try:
        Command().run_from_argv(["manage.py", "backtest", *arguments])
    except SystemExit as ended:
        return int(str(ended.code))
    return 0


SINCE = ("--since", "2024-05-05")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("H",),
        ("NOPE", *SINCE),
        ("H", "--since", "yesterday"),
        ("H", "--since", ""),
        ("H", "--since", "2024-02-30"),
        ("H", *SINCE, "--until", "soon"),
        ("H", *SINCE, "--until", "2024-05-04"),
        ("H", *SINCE, "--every", "often"),
        ("H", *SINCE, "--every", "0h"),
        ("H", *SINCE, "--every", "-6h"),
        ("H", *SINCE, "--every", "30s"),
        ("H", *SINCE, "--set", "grace"),
        ("H", *SINCE, "--set", "grace="),
        ("H", *SINCE, "--set", "patience=3h"),
        ("H", *SINCE, "--set", "grace=soon"),
        ("H", *SINCE, "--set", "shrink_max=0"),
        ("H", *SINCE, "--set", "shrink_max=101"),
        ("H", *SINCE, "--set", "alert_after=0"),
        ("H", *SINCE, "--set", "alert_after=-1"),
        ("H", *SINCE, "--set", "cadence=61 25 * * *"),
        ("H", *SINCE, "--set", "sidecar=maybe"),
        ("H", *SINCE, "--set", "free_space_min=lots"),
        ("H", *SINCE, "--format", "xml"),
        ("H", "G", *SINCE),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    assert exit_code(monkeypatch, *arguments) == 2


def test_the_beginning_of_time_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    make_hub(zone="America/New_York")

    assert exit_code(monkeypatch, "H", "--since", "0001-01-01", "--until", "0001-01-02") in (0, 2)


@pytest.mark.parametrize(
    ("zone", "day"), [("Asia/Taipei", "0001-01-01"), ("America/New_York", "9999-12-31T23:59")]
)
def test_days_that_are_in_no_calendar_elsewhere_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, zone: str, day: str
) -> None:
    make_hub(zone=zone)

    assert exit_code(monkeypatch, "H", "--since", day) == 2


def test_right_usage_exits_with_0_whatever_it_finds(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exit_code(monkeypatch, "H", *RANGE) == 0


def test_what_is_wrong_is_said(hub: Hub) -> None:
    with pytest.raises(CommandError, match="'patience=3h' sets no limit"):
        text("H", *RANGE, "--set", "patience=3h")
