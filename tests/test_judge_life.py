"""The life of findings, whatever their code: when they open, close, come back, and when somebody answers them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hubs.models import Hub, Repo
from probes.answers import accept_level, acknowledge
from probes.judge import findings
from probes.judge.findings import judge_hub
from probes.judge.gathering import TARBALLS_TOGETHER_FROM, TOGETHER_FROM
from probes.judge.life import SAME_WITHIN, TOLD_UNTIL_AFTER, decide
from probes.judge.rules import CODES, LOOK_CODES
from probes.models import Finding, Suspicion, TarballSnapshot
from tests.estate import (
    DAY,
    HOUR,
    NOW,
    every,
    lay_snapshots,
    make_hub,
    make_node,
    make_replica,
    make_repo,
    make_run,
    open_codes,
    told,
)
from tests.faults import ALONE, RUNS, TOGETHER, WELL, Fault, a_hub, hub_with, sized, source, steady
from tests.findings import make_user

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def look(hub: Hub, now: datetime = NOW, **run: Any) -> list[str]:
    """Look at all replicas completely, judge, and return the codes of open findings."""
    for replica in hub.replicas.filter(enabled=True):
        make_run(replica, now, **run)
    judge_hub(hub, now)
    return open_codes(hub)


def fail(hub: Hub, now: datetime, status: str = "unreachable") -> list[str]:
    """Look at all replicas in vain, judge, and return the codes of open findings."""
    for replica in hub.replicas.filter(enabled=True):
        make_run(replica, now, status, stage="connect")
    judge_hub(hub, now)
    return open_codes(hub)


@pytest.fixture(params=["alone", "together"])
def faults(request: pytest.FixtureRequest) -> dict[str, Fault]:
    return ALONE if request.param == "alone" else TOGETHER


def test_every_code_that_a_look_can_show_is_laid_here() -> None:
    others = LOOK_CODES | {"monitor_late", "delivery_failed", "disk_filling"}

    assert others | set(ALONE) | set(TOGETHER) | set(RUNS) == CODES


def test_each_fault_is_told_by_its_code_and_hardly_any_other(faults: dict[str, Fault]) -> None:
    hub = a_hub(faults, copies=3 if faults is TOGETHER else None)

    assert set(look(hub)) == set(faults)


# --- Enough looks -----------------------------------------------------------------------------------


def test_findings_open_when_enough_looks_showed_them_however_often_they_are_judged(
    faults: dict[str, Fault],
) -> None:
    hub = a_hub(faults, alert_after=2, copies=3 if faults is TOGETHER else None)
    assert look(hub) == []
    for minutes in (1, 2, 3):
        judge_hub(hub, NOW + minutes * 60 * SECOND)
    assert open_codes(hub) == []

    assert set(look(hub, NOW + HOUR)) == set(faults)


@pytest.mark.parametrize(("code", "run"), RUNS.items(), ids=RUNS)
def test_what_a_look_says_of_itself_opens_when_enough_said_it(
    code: str, run: dict[str, Any]
) -> None:
    hub = make_hub(alert_after=2)
    make_replica(hub)
    if code != "empty":
        steady(hub, "tracs/env")
    assert look(hub, NOW, **run) == []
    judge_hub(hub, NOW + 60 * SECOND)
    assert open_codes(hub) == []

    assert look(hub, NOW + HOUR, **run) == [code]


@pytest.mark.parametrize("wanted", [1, 3])
def test_as_many_looks_as_wanted_must_show_it(wanted: int) -> None:
    hub = hub_with("shrunk", alert_after=wanted)

    opened_at = [number for number in range(1, 5) if look(hub, NOW + number * HOUR)]

    assert opened_at[0] == wanted


def test_a_look_that_shows_nothing_in_between_begins_the_count_anew() -> None:
    hub = hub_with("bad_sidecar", alert_after=2)
    odd_one = TarballSnapshot.objects.filter(path__endswith="odd.tar.gz")
    assert look(hub) == []
    odd_one.update(sidecar_state="ok")
    assert look(hub, NOW + HOUR) == []
    odd_one.update(sidecar_state="bad")

    assert look(hub, NOW + 2 * HOUR) == []
    assert look(hub, NOW + 3 * HOUR) == ["bad_sidecar"]


@pytest.mark.parametrize("status", ["unreachable", "host_key", "auth"])
def test_failed_looks_are_counted_likewise(status: str) -> None:
    hub = make_hub(alert_after=3)
    make_replica(hub)
    steady(hub, "tracs/env")
    look(hub, NOW - HOUR)

    assert fail(hub, NOW, status) == fail(hub, NOW + HOUR, status) == []
    for minutes in (1, 2, 3):
        judge_hub(hub, NOW + HOUR + minutes * 60 * SECOND)
    assert open_codes(hub) == []
    assert len(fail(hub, NOW + 2 * HOUR, status)) == 1


@pytest.mark.parametrize("code", ["monitor_late", "not_looked"])
def test_what_no_look_can_show_waits_for_none(code: str) -> None:
    hub = make_hub(alert_after=3)
    make_replica(hub)
    steady(hub, "tracs/env")
    look(hub)

    judge_hub(hub, NOW + 5 * DAY)
    judge_hub(hub, NOW + 5 * DAY + HOUR)

    assert code in open_codes(hub)


def test_a_repo_may_want_more_looks_than_its_hub() -> None:
    hub = hub_with("shrunk")
    make_repo(hub, "tracs/shrunk", alert_after=2)

    assert look(hub) == []
    assert look(hub, NOW + HOUR) == ["shrunk"]


def test_no_suspicion_is_left_when_it_opened_or_was_none() -> None:
    hub = hub_with("bad_sidecar", alert_after=2)
    look(hub)
    assert Suspicion.objects.count() == 1
    look(hub, NOW + HOUR)

    assert not Suspicion.objects.exists()


def test_one_that_is_told_stays_open_until_enough_looks_showed_that_it_is_one_of_many() -> None:
    hub = make_hub(alert_after=2)
    replica = make_replica(hub)
    lay_snapshots(replica, "svn/late", every(30, newest=30 * HOUR))
    for number in range(4):
        lay_snapshots(replica, f"tracs/env{number}", every(30, newest=4 * HOUR))
    look(hub, NOW + HOUR)
    assert look(hub, NOW + 2 * HOUR) == ["overdue"]

    for hours in (30, 31, 32):
        assert look(hub, NOW + hours * HOUR).count("overdue") >= 1


def test_some_that_are_left_of_many_stay_told() -> None:
    hub = make_hub(alert_after=2)
    replica = make_replica(hub)
    for number in range(5):
        lay_snapshots(replica, f"tracs/env{number}", every(30, newest=2 * DAY))
    look(hub)
    assert look(hub, NOW + HOUR) == ["overdue"]
    for number in range(4):
        lay_snapshots(replica, f"tracs/env{number}", [NOW + HOUR])

    assert look(hub, NOW + 2 * HOUR) == ["overdue"]
    assert look(hub, NOW + 3 * HOUR) == ["overdue"]


# --- Never closed by ignorance ------------------------------------------------------------------------


def test_nothing_closes_while_nobody_can_look(faults: dict[str, Fault]) -> None:
    hub = a_hub(faults, copies=3 if faults is TOGETHER else None)
    look(hub)

    for hours in (1, 40):
        assert set(fail(hub, NOW + hours * HOUR)) - {"unreachable", "monitor_late"} == set(faults)

    assert {finding.confirmed_at for code in faults for finding in told(hub, code)} == {NOW}


def test_nothing_closes_while_nobody_looks(faults: dict[str, Fault]) -> None:
    hub = a_hub(faults, copies=3 if faults is TOGETHER else None)
    look(hub)

    judge_hub(hub, NOW + 20 * DAY)

    assert set(faults) <= set(open_codes(hub))


@pytest.mark.parametrize(("code", "run"), RUNS.items(), ids=RUNS)
def test_what_a_look_said_of_itself_stays_while_nobody_can_look(
    code: str, run: dict[str, Any]
) -> None:
    hub = make_hub()
    make_replica(hub)
    if code != "empty":
        steady(hub, "tracs/env")
    look(hub, NOW, **run)

    assert fail(hub, NOW + HOUR) == sorted([code, "unreachable"])


@pytest.mark.parametrize(
    "code", ["shrunk", "grown", "gap", "stale_content", "overdue", "clock_skew", "bad_sidecar"]
)
def test_what_many_repos_have_does_not_close_while_nobody_can_look(code: str) -> None:
    many = TARBALLS_TOGETHER_FROM if code in ("clock_skew", "bad_sidecar") else TOGETHER_FROM
    hub = a_hub({f"{code}{number}": ALONE[code] for number in range(many)})
    assert look(hub) == [code]

    fail(hub, NOW + HOUR)

    assert code in open_codes(hub)


@pytest.mark.parametrize("unknown", ["vault", "attic"])
def test_a_comparison_does_not_close_while_one_side_is_unknown(unknown: str) -> None:
    hub = a_hub(TOGETHER, copies=3)
    look(hub)
    for replica in hub.replicas.all():
        status = "unreachable" if replica.node.tag == unknown else "ok"
        make_run(replica, NOW + HOUR, status)

    judge_hub(hub, NOW + HOUR)

    assert set(open_codes(hub)) >= {*TOGETHER, "unreachable"}


def test_a_replica_that_is_suddenly_empty_recovers_from_nothing() -> None:
    hub = hub_with("shrunk")
    look(hub)
    TarballSnapshot.objects.update(gone_at=NOW + HOUR)

    assert look(hub, NOW + HOUR, seen=0) == ["empty", "shrunk"]


# --- Closing, and coming back ---------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "run"), RUNS.items(), ids=RUNS)
def test_a_look_that_says_otherwise_closes_what_a_look_said(code: str, run: dict[str, Any]) -> None:
    hub = make_hub()
    make_replica(hub)
    if code != "empty":
        steady(hub, "tracs/env")
    look(hub, NOW, **run)
    steady(hub, "tracs/new")

    assert look(hub, NOW + HOUR, **WELL) == []


def spoil(is_bad: bool) -> None:
    state = "bad" if is_bad else "ok"
    TarballSnapshot.objects.filter(path__endswith="odd.tar.gz").update(sidecar_state=state)


@pytest.mark.parametrize(
    ("after", "findings"), [(HOUR, 1), (SAME_WITHIN - SECOND, 1), (SAME_WITHIN, 2)]
)
def test_one_that_comes_back_in_time_is_the_same(after: timedelta, findings: int) -> None:
    hub = hub_with("bad_sidecar", grace=9 * DAY)
    look(hub)
    spoil(False)
    look(hub, NOW + HOUR)
    spoil(True)

    look(hub, NOW + HOUR + after)

    assert Finding.objects.filter(code="bad_sidecar").count() == findings


def test_one_that_flaps_is_one_finding_that_says_how_often() -> None:
    hub = hub_with("bad_sidecar")
    for number in range(7):
        spoil(number % 2 == 0)
        look(hub, NOW + number * HOUR / 2)

    finding = Finding.objects.get(code="bad_sidecar")
    assert (finding.reopenings, finding.opened_at) == (3, NOW)


def test_one_that_comes_back_opens_at_the_first_look_that_shows_it() -> None:
    hub = hub_with("bad_sidecar", alert_after=3)
    for hours in range(3):
        look(hub, NOW + hours * HOUR)
    spoil(False)
    look(hub, NOW + 3 * HOUR)
    spoil(True)

    assert look(hub, NOW + 4 * HOUR) == ["bad_sidecar"]


def test_of_two_that_closed_lately_the_newer_comes_back() -> None:
    hub = hub_with("bad_sidecar")
    look(hub)
    (older,) = told(hub, "bad_sidecar")
    Finding.objects.filter(pk=older.pk).update(closed_at=NOW + HOUR)
    newer = Finding.objects.create(
        hub=hub,
        code="bad_sidecar",
        severity="warn",
        subject_key=older.subject_key,
        message="",
        opened_at=NOW + 2 * HOUR,
        confirmed_at=NOW + 2 * HOUR,
        closed_at=NOW + 3 * HOUR,
    )

    look(hub, NOW + 4 * HOUR)

    assert [finding.pk for finding in told(hub, "bad_sidecar")] == [newer.pk]


def test_a_repo_that_is_not_judged_any_more_closes_its_findings() -> None:
    hub = hub_with("shrunk")
    look(hub)
    lay_snapshots(source(hub), "tracs/other", every(30, newest=4 * HOUR))
    Repo.objects.filter(name="other").update(selected=True)

    assert look(hub, NOW + HOUR) == []


# --- Told in another ---------------------------------------------------------------------------------------


def test_what_is_told_together_closes_as_told_in_it() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(2):
        lay_snapshots(replica, f"tracs/env{number}", every(30, newest=4 * HOUR))
        lay_snapshots(
            replica,
            f"tracs/env{number}",
            [NOW - 5 * DAY],
            file_name="odd.tar.gz",
            sidecar_state="bad",
        )
    look(hub)
    singles = told(hub, "bad_sidecar")
    lay_snapshots(replica, "tracs/env2", every(30, newest=4 * HOUR), sidecar_state="bad")

    look(hub, NOW + HOUR)

    (together,) = told(hub, "bad_sidecar")
    assert len(singles) == 2
    for single in singles:
        single.refresh_from_db()
        assert (single.closed_at, single.told_in) == (NOW + HOUR, together)


def test_what_is_told_together_is_not_told_in_anything() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(5):
        lay_snapshots(replica, f"tracs/env{number}", every(30, newest=3 * DAY))
    look(hub)

    assert [finding.told_in for finding in Finding.objects.all()] == [None]


def test_what_is_over_is_told_in_nothing() -> None:
    hub = hub_with("bad_sidecar")
    look(hub)
    spoil(False)
    look(hub, NOW + HOUR)

    finding = Finding.objects.get()
    assert (finding.closed_at, finding.told_in) == (NOW + HOUR, None)


def test_one_cause_of_many_repos_goes_on_as_one_finding_when_one_of_them_is_mended() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(6):
        laid = lay_snapshots(replica, f"tracs/env{number}", every(30, newest=4 * HOUR))
        small = [one.pk for one in laid[-2:]]
        TarballSnapshot.objects.filter(pk__in=small).update(
            size_bytes=400_000, sidecar_size_bytes=400_000
        )
    look(hub)
    (together,) = told(hub, "shrunk")
    TarballSnapshot.objects.filter(repo__name="env0", size_bytes=400_000).update(gone_at=NOW)

    look(hub, NOW + HOUR)

    (after,) = told(hub, "shrunk")
    assert after.pk == together.pk
    assert after.evidence["repos"] == [f"tracs/env{number}" for number in range(1, 6)]


# --- Answered ----------------------------------------------------------------------------------------------


def test_an_acknowledged_finding_goes_on_being_judged_and_stays_silent() -> None:
    hub = hub_with("shrunk")
    look(hub)
    acknowledge(told(hub, "shrunk")[0], make_user(), "a known fault", now=NOW)

    look(hub, NOW + HOUR)

    (finding,) = told(hub, "shrunk")
    assert finding.confirmed_at == NOW + HOUR
    assert finding.is_muted(NOW + HOUR)


def test_an_acknowledged_finding_closes_when_it_is_over() -> None:
    hub = hub_with("bad_sidecar")
    look(hub)
    acknowledge(told(hub, "bad_sidecar")[0], make_user(), "a known fault", now=NOW)
    spoil(False)

    assert look(hub, NOW + HOUR) == []


def test_an_answer_that_is_given_while_somebody_judges_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = make_hub()
    make_replica(hub)
    steady(hub, "tracs/env")
    look(hub, NOW, free_bytes=49, total_bytes=1000)
    (finding,) = told(hub, "disk_low")

    def decide_slowly(*arguments: Any) -> Any:
        decision = decide(*arguments)
        acknowledge(finding, make_user(), "new disks come", now=NOW)
        return decision

    monkeypatch.setattr(findings, "decide", decide_slowly)
    look(hub, NOW + HOUR, free_bytes=10, total_bytes=1000)

    (reworded,) = told(hub, "disk_low")
    assert reworded.evidence["free_bytes"] == 10
    assert reworded.is_muted(NOW + HOUR)


def test_an_acknowledged_finding_that_flaps_stays_silent() -> None:
    hub = hub_with("bad_sidecar")
    look(hub)
    acknowledge(told(hub, "bad_sidecar")[0], make_user(), "a known fault", now=NOW)
    for number, is_bad in ((1, False), (2, True)):
        spoil(is_bad)
        look(hub, NOW + number * HOUR)

    (finding,) = told(hub, "bad_sidecar")
    assert finding.is_muted(NOW + 2 * HOUR)


def test_the_next_night_that_is_missed_is_not_silenced_with_the_one_before() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(30, newest=34 * HOUR))  # 02:00
    look(hub)
    acknowledge(told(hub, "overdue")[0], make_user(), "the hub was moved", now=NOW)
    lay_snapshots(replica, stamps=[NOW + HOUR])
    assert look(hub, NOW + 2 * HOUR) == []

    look(hub, NOW + 22 * HOUR)

    (finding,) = told(hub, "overdue")
    assert not finding.is_muted(NOW + 22 * HOUR)


def test_an_acknowledged_finding_of_some_repos_does_not_silence_others_that_follow() -> None:
    hub = a_hub({f"lagging{number}": TOGETHER["lagging"] for number in range(3)} | TOGETHER)
    look(hub)
    acknowledge(told(hub, "lagging")[0], make_user(), "retired there", now=NOW)
    for number in range(3, 9):
        TOGETHER["lagging"](hub, f"tracs/lagging{number}")

    look(hub, NOW + HOUR)

    assert not all(finding.is_muted(NOW + HOUR) for finding in told(hub, "lagging"))


def test_a_finding_of_another_tarball_is_not_acknowledged_with_it() -> None:
    hub = hub_with("bad_sidecar")
    look(hub)
    acknowledge(told(hub, "bad_sidecar")[0], make_user(), "a known fault", now=NOW)
    lay_snapshots(
        source(hub),
        "tracs/bad_sidecar",
        [NOW - 9 * DAY],
        file_name="b.tar.gz",
        sidecar_state="bad",
    )

    look(hub, NOW + HOUR)

    assert sorted(finding.is_muted(NOW + HOUR) for finding in told(hub, "bad_sidecar")) == [
        False,
        True,
    ]


LEVELS = [
    "shrunk",
    "grown",
    "declining",
    "growing",
    "stale_content",
    "revision_back",
    "purged_too_much",
    "not_purged",
    "count_low",
]


@pytest.mark.parametrize("code", LEVELS)
def test_an_accepted_level_closes_what_compared_with_the_one_before(code: str) -> None:
    hub = hub_with(code)
    assert look(hub) == [code]

    accept_level(told(hub, code)[0], make_user(), "it was meant", NOW)

    assert look(hub, NOW + HOUR) == []


def test_what_comes_after_an_accepted_level_is_compared_with_it() -> None:
    hub = a_hub({"env": sized(*[100] * 20, *[40] * 3)})
    look(hub)
    accept_level(told(hub, "shrunk")[0], make_user(), "tidied up", NOW)
    look(hub, NOW + HOUR)
    lay_snapshots(source(hub), stamps=[NOW + 2 * HOUR], size_bytes=15_000_000)

    assert look(hub, NOW + 3 * HOUR) == ["shrunk"]
    assert told(hub, "shrunk")[0].evidence["expected_bytes"] == 40_000_000


def test_a_level_of_one_repo_is_none_of_another() -> None:
    hub = a_hub({f"env{number}": ALONE["shrunk"] for number in range(2)})
    look(hub)
    accept_level(told(hub, "shrunk")[0], make_user(), "tidied up", NOW)

    assert look(hub, NOW + HOUR) == ["shrunk"]


# --- Holes remembered ------------------------------------------------------------------------------------------


def test_a_hole_is_not_told_long_after_the_overdue_backup_was() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(30, newest=2 * DAY))
    look(hub)
    lay_snapshots(replica, stamps=[NOW + HOUR])
    look(hub, NOW + 2 * HOUR)
    lay_snapshots(replica, stamps=[NOW + HOUR + DAY, NOW + HOUR + 2 * DAY])

    for days in (1, 2):
        assert "gap" not in look(hub, NOW + 2 * HOUR + days * DAY)


def test_a_hole_that_nobody_was_told_of_is_told_beside_an_older_one_that_was() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(30, newest=2 * DAY))
    look(hub)
    lay_snapshots(replica, stamps=[NOW + HOUR])
    look(hub, NOW + 2 * HOUR)
    later = TOLD_UNTIL_AFTER + 3 * DAY
    known: Iterable[datetime] = [NOW + HOUR + days * DAY for days in (1, 2, 3, 5)]
    lay_snapshots(replica, stamps=known)

    look(hub, NOW + 2 * HOUR + later)

    (hole,) = told(hub, "gap")
    assert hole.evidence["after"] == (NOW + HOUR + 3 * DAY).isoformat()


# --- A node more ------------------------------------------------------------------------------------------------


def test_a_finding_of_a_replica_that_is_taken_out_closes_and_the_others_stay() -> None:
    hub = make_hub()
    for node in ("vault", "attic"):
        replica = make_replica(hub, node, "copy" if node == "attic" else "source")
        make_node(node)
        lay_snapshots(replica, stamps=every(30, newest=4 * HOUR))
        lay_snapshots(replica, stamps=[NOW - 9 * DAY], file_name=f"{node}.tar.gz", size_bytes=0)
    look(hub)
    assert len(told(hub, "empty_archive")) == 2
    hub.replicas.filter(node__tag="attic").update(enabled=False)

    look(hub, NOW + HOUR)

    assert [finding.path[-12:] for finding in told(hub, "empty_archive")] == ["vault.tar.gz"]
