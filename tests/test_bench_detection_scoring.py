"""How findings are scored: by event and kind, once each, with false ones counted raw and grouped."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.detection.baselines import by_schedule, drop, max_age
from bench.detection.report import Total, comparison
from bench.detection.schedules import Schedule
from bench.detection.scoring import (
    Score,
    grouped,
    quantile,
    read_finding,
    score,
    wilson,
)
from bench.detection.world import Benign, Fault, SimHub, SimLook, SimNode, SimTarball

START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONSET = START + 10 * DAY


def finding(
    code: str, at: datetime = ONSET + 3 * HOUR, severity: str = "alarm", **fields: Any
) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "code": code,
        "severity": severity,
        "hub": "S1",
        "node": "C1",
        "repo": "tracs/env",
        "path": None,
        "stamp_at": None,
        "message": "",
        "opened_at": at.isoformat(),
        "closed_at": None,
        "evidence": {},
    }
    return raw | fields


def fault(
    kind: str = "truncated", node: str | None = "C1", repo: str | None = "tracs/env", **details: Any
) -> Fault:
    return Fault(kind, "S1", node, repo, ONSET, ONSET + 4 * DAY, details)


def make_hub(days: int = 30, tarballs: tuple[SimTarball, ...] = ()) -> SimHub:
    """A hub of one repo on two nodes, looked at every six hours."""
    looks = tuple(
        SimLook(node, START + number * 6 * HOUR, "ok", 10, 100, 0.0)
        for number in range(4 * days)
        for node in ("H", "C1")
    )
    return SimHub(
        tag="S1",
        zone="UTC",
        starts_at=START,
        ends_at=START + days * DAY,
        nodes=(SimNode("H", "source", "NTU"), SimNode("C1", "copy", "LBL")),
        repos=("tracs/env",),
        policy={},
        tarballs=tarballs,
        looks=looks,
        maintenance=(),
        holidays=(),
        schedules={"tracs/env": Schedule("daily", 60)},
    )


def scored(
    *findings: Mapping[str, Any],
    planted: list[Fault] | None = None,
    benign: list[Benign] | None = None,
) -> Score:
    return score(make_hub(), planted if planted is not None else [fault()], benign or [], findings)


def found(*findings: Mapping[str, Any], planted: Fault | None = None) -> bool:
    (detection,) = scored(*findings, planted=[planted or fault()]).detections
    return detection.is_found


# --- what explains a fault ---


def test_a_code_that_explains_a_fault_finds_it() -> None:
    assert found(finding("shrunk"))


def test_a_code_that_does_not_explain_it_does_not() -> None:
    assert not found(finding("overdue"))


def test_a_finding_about_another_repo_does_not() -> None:
    assert not found(finding("shrunk", repo="svn/env"))


def test_a_finding_about_another_node_does_not() -> None:
    assert not found(finding("shrunk", node="H"))


def test_a_finding_about_any_node_finds_a_fault_of_the_source() -> None:
    assert found(finding("shrunk", node="H"), planted=fault(node=None))


def test_a_finding_about_the_whole_hub_is_about_all_in_it() -> None:
    assert found(finding("shrunk", node=None, repo=None))


def test_a_finding_about_several_names_them_in_its_evidence() -> None:
    several = {"repos": ["svn/a", "tracs/env"], "nodes": ["C1", "C2"]}

    assert found(finding("shrunk", repo=None, node=None, evidence=several))


def test_a_finding_about_several_others_is_not_about_this_one() -> None:
    several = {"repos": ["svn/a", "svn/b"]}

    assert not found(finding("shrunk", repo=None, node=None, evidence=several))


def test_a_finding_before_the_onset_is_no_detection() -> None:
    assert not found(finding("shrunk", ONSET - HOUR))


def test_an_earlier_sign_of_the_same_fault_counts_from_the_onset() -> None:
    planted = fault(first_sign_at=ONSET - DAY)

    (detection,) = scored(finding("shrunk", ONSET - HOUR), planted=[planted]).detections

    assert detection.found_after == timedelta(0)


def test_one_look_after_the_end_is_still_in_time() -> None:
    end = fault().end

    assert found(finding("shrunk", end + 6 * HOUR))
    assert not found(finding("shrunk", end + 7 * HOUR))


def test_the_first_finding_says_how_long_it_took() -> None:
    late, early = finding("shrunk", ONSET + DAY), finding("no_sidecar", ONSET + 2 * HOUR)

    (detection,) = scored(late, early).detections

    assert detection.found_after == 2 * HOUR


def test_moments_may_be_texts_or_moments() -> None:
    assert found(finding("shrunk") | {"opened_at": ONSET + HOUR})


def test_a_drift_says_how_much_was_lost_when_it_was_found() -> None:
    steps = ((ONSET, -0.01), (ONSET + DAY, -0.02), (ONSET + 2 * DAY, -0.03))
    planted = fault("slow_decline", steps=steps)

    (detection,) = scored(finding("declining", ONSET + 30 * HOUR), planted=[planted]).detections

    assert detection.loss == pytest.approx(0.02)


def test_a_drift_is_reported_by_where_it_is() -> None:
    planted = [fault("slow_decline"), fault("slow_decline", node=None)]

    rows = {detection.row for detection in scored(planted=planted).detections}

    assert rows == {"slow_decline_copy", "slow_decline_source"}


# --- what is false ---


def test_a_finding_that_nothing_explains_is_false() -> None:
    assert [each.code for each in scored(finding("stale_content")).false] == ["stale_content"]


def test_what_follows_from_a_fault_is_not_false() -> None:
    after = finding("grown", fault().end + HOUR)

    assert scored(after).false == ()


def test_what_follows_too_late_is_false() -> None:
    after = finding("grown", fault().end + 30 * DAY)

    assert len(scored(after).false) == 1


def test_a_comparison_that_blames_the_wrong_copy_is_neither_false_nor_a_detection() -> None:
    result = scored(finding("diverged", node="H"), planted=[fault("stale_copy")])

    assert result.false == ()
    assert not result.detections[0].is_found


def test_copies_that_get_nothing_while_the_hub_is_down_are_no_false_findings() -> None:
    down = fault("node_out", node="H", repo=None, hub_is_down=True)

    assert scored(finding("overdue"), planted=[down]).false == ()


def test_a_legitimate_clean_up_that_is_told_is_false() -> None:
    clean_up = Benign("clean_up", None, "tracs/env", ONSET)

    assert len(scored(finding("shrunk"), planted=[], benign=[clean_up]).false) == 1


def test_false_findings_around_a_clock_change_are_counted_apart() -> None:
    change = Benign("clock_change", None, None, ONSET)

    result = scored(finding("overdue"), planted=[], benign=[change])

    assert result.at_clock_changes == 1


def test_false_alarms_about_a_new_repo_are_counted_apart() -> None:
    born = Benign("new_repo", None, "tracs/env", ONSET - 3 * DAY)
    notice = finding("overdue", severity="notice")

    assert scored(finding("shrunk"), notice, planted=[], benign=[born]).in_cold_starts == 1


def test_one_code_about_one_repo_within_48_hours_is_one_message() -> None:
    places = (("H", 0), ("C1", 20), ("C2", 48), ("C3", 49))
    same = [finding("shrunk", ONSET + hours * HOUR, node=node) for node, hours in places]

    assert len(grouped(map(read_finding, same))) == 2


def test_other_codes_and_repos_are_messages_of_their_own() -> None:
    others = [finding("shrunk"), finding("grown"), finding("shrunk", repo="svn/a")]

    assert len(grouped(map(read_finding, others))) == 3


# --- numbers ---


def test_wilson_of_a_known_case() -> None:
    low, high = wilson(45, 50)

    assert (round(low, 3), round(high, 3)) == (0.786, 0.957)


def test_wilson_of_nothing_is_anything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_of_all_does_not_reach_below_what_few_allow() -> None:
    low, high = wilson(10, 10)

    assert round(low, 3) == 0.722
    assert high == pytest.approx(1)


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([5, 1, 3], 0.5) == 3
    assert quantile([], 0.5) is None


def test_the_macro_recall_is_that_of_classes_and_not_of_faults() -> None:
    many = [fault("empty", repo=f"svn/{number}") for number in range(9)]
    findings = [finding("empty_archive", repo=each.repo) for each in many]

    total = Total([scored(*findings, planted=[*many, fault("sidecar")])])

    assert total.macro(("empty", "sidecar", "outage")) == pytest.approx(0.5)


def test_a_node_year_is_one_of_sixteen_repos() -> None:
    assert scored().node_years == pytest.approx(2 * 30 / 365.25 / 16)


def test_a_class_with_few_faults_is_marked() -> None:
    lines = list(comparison({"ours": Total([scored(finding("shrunk"))])}))

    assert "| truncated (1, few) | 100% 3 h |" in lines


# --- simple limits ---


def tarball(day: float, size_bytes: int = 1000, gone: float | None = None) -> SimTarball:
    at = START + day * DAY + HOUR
    return SimTarball(
        node="H",
        repo="tracs/env",
        path=f"tracs/env/{at:%Y/%m/%d/%H%M%S}/env.tar.gz",
        stamp_at=at,
        stamp_text=f"{at:%Y/%m/%d/%H%M%S}",
        size_bytes=size_bytes,
        mtime_at=at,
        sidecar_state="ok",
        sidecar_kind="dna",
        sidecar_digest="",
        sidecar_size_bytes=size_bytes,
        visible_at=at + HOUR,
        gone_at=START + gone * DAY if gone else None,
        proof="",
        proved_at=None,
    )


def daily(days: int, without: int | None = None) -> tuple[SimTarball, ...]:
    return tuple(tarball(day) for day in range(days) if day != without)


def test_a_maximum_age_rings_at_the_first_look_that_is_older() -> None:
    hub = make_hub(10, daily(10, without=5))

    (only,) = max_age(36 * HOUR)(hub)

    assert only["opened_at"] == START + 5 * DAY + 18 * HOUR
    assert only["closed_at"] == START + 6 * DAY + 6 * HOUR


def test_a_maximum_age_of_a_day_rings_whenever_a_look_is_late() -> None:
    each_just_after_a_look = tuple(tarball(day + 0.2) for day in range(10))

    assert len(max_age(24 * HOUR)(make_hub(10, each_just_after_a_look))) == 9


def test_the_schedule_rings_six_hours_after_what_was_due() -> None:
    hub = make_hub(10, daily(10, without=5))

    (only,) = by_schedule()(hub)

    assert only["opened_at"] == START + 5 * DAY + 12 * HOUR


def test_a_drop_rings_when_it_is_larger_than_the_limit() -> None:
    hub = make_hub(3, (tarball(0), tarball(1, 890), tarball(2, 870)))

    assert len(drop(0.1)(hub)) == 1


def test_a_limit_sees_no_tarball_that_came_and_went_between_looks() -> None:
    hub = make_hub(3, (tarball(0), tarball(1, 10, gone=1.1), tarball(2)))

    assert drop(0.5)(hub) == []
