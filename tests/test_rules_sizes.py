"""Rules about what tarballs are like from one to the next: steps and drifts of size, the same bytes, revisions."""

from collections.abc import Callable, Sequence
from math import exp, log
from typing import Any

import pytest

from hubs.models import Hub, Replica
from probes.judge.findings import judge_hub
from probes.judge.size_rules import (
    FEWEST_REPEATS_KNOWN,
    GROSS_DROP,
    LEAST_DEVIATION,
    STALE_RUNS,
    TOLD_FOR,
)
from probes.judge.sizes import FEWEST, Step, Story, story
from probes.judge.tarball_rules import QUIET_AFTER
from probes.models import AcceptedLevel, TarballSnapshot
from tests.estate import (
    DAY,
    HOUR,
    NOW,
    every,
    lay_snapshots,
    make_hub,
    make_replica,
    make_repo,
    make_run,
    open_codes,
    told,
)
from tests.looking import look

pytestmark = pytest.mark.django_db

GIB = 1 << 30
REAL = (1_529_629_254, 1_531_229_474, 1_147_682_816)
SECOND = HOUR / 3600
STEADY = [GIB] * 20
WITHIN, BEYOND = 0.97, 1.03  # of the least that is told


def lay_sizes(
    replica: Replica, sizes: Sequence[int], path: str = "tracs/env", **fields: Any
) -> list[TarballSnapshot]:
    """Lay one tarball a day with these sizes, the newest two hours ago, its sidecar fitting."""
    laid = lay_snapshots(replica, path, every(len(sizes)), **fields)
    for snapshot, size_bytes in zip(laid, sizes, strict=True):
        snapshot.size_bytes = size_bytes
        if snapshot.sidecar_state == "ok":
            snapshot.sidecar_size_bytes = size_bytes
    TarballSnapshot.objects.bulk_update(laid, ["size_bytes", "sidecar_size_bytes"])
    return laid


def alone(sizes: Sequence[int], **policy: Any) -> list[tuple[str, str]]:
    """Judge a hub with one replica whose only repo has tarballs of these sizes."""
    hub = make_hub(**policy)
    lay_sizes(make_replica(hub), sizes)
    return look(hub)


def on_copies(sizes: Sequence[int], count: int = 2) -> list[tuple[str, str]]:
    """Judge a hub of which so many replicas have the same tarballs."""
    hub = make_hub()
    for number in range(count):
        lay_sizes(make_replica(hub, f"node{number}", "copy" if number else "source"), sizes)
    return look(hub)


def times(base: int, logarithm: float) -> int:
    return round(base * exp(logarithm))


def falling(count: int, share: float, base: int = GIB) -> list[int]:
    return [round(base * (1 - share) ** number) for number in range(1, count + 1)]


def least(
    series: Callable[[float], Sequence[int]], is_told: Callable[[Story], object], most: float = 3.0
) -> float:
    """Return how strong something must be, on the logarithm, that its series of sizes is told."""
    below, above = 0.0, most
    for _ in range(30):
        middle = (below + above) / 2
        below, above = (below, middle) if is_told(story(tuple(series(middle)))) else (middle, above)
    return above


def dropped(strength: float) -> list[int]:
    return [*STEADY, times(GIB, -strength)]


def dropped_early(strength: float) -> list[int]:
    return [GIB, GIB, times(GIB, -strength)]


def risen(strength: float) -> list[int]:
    return [*STEADY, times(GIB, strength)]


def risen_early(strength: float) -> list[int]:
    return [GIB, GIB, times(GIB, strength)]


def declined(strength: float) -> list[int]:
    return [*STEADY, *(times(GIB, -strength * number / 15) for number in range(1, 16))]


def grew(strength: float) -> list[int]:
    return [*STEADY, *(times(GIB, strength * number / 15) for number in range(1, 16))]


def steps(found: Story) -> object:
    return found.steps


def drifts(found: Story) -> object:
    return found.drift


# --- Much smaller ------------------------------------------------------------------------------


def test_the_real_cut_copy_on_a_single_replica_is_an_alarm_at_the_first_look() -> None:
    assert alone(REAL) == [("shrunk", "alarm")]


def test_the_real_cut_copy_is_told_in_bytes_with_what_was_expected() -> None:
    hub = make_hub()
    *_, cut = lay_sizes(make_replica(hub), REAL)
    look(hub)

    (finding,) = told(hub, "shrunk")

    assert (finding.path, finding.stamp_at) == (cut.path, cut.stamp_at)
    assert "1,147,682,816 bytes" in finding.message
    assert REAL[0] < finding.evidence["expected_bytes"] < REAL[1]


def test_the_real_copy_cut_without_a_sidecar_beside_a_good_source_is_an_alarm_of_that_copy() -> (
    None
):
    hub = make_hub()
    source, copy = make_replica(hub), make_replica(hub, "attic", "copy")
    lay_sizes(source, [*REAL[:2], REAL[1]])
    lay_sizes(copy, [*REAL[:2], REAL[1]])
    newest = copy.snapshots.order_by("stamp_at").reverse()[:1].get()
    TarballSnapshot.objects.filter(pk=newest.pk).update(
        size_bytes=REAL[2], sidecar_state="absent", sidecar_size_bytes=None, sidecar_digest=""
    )

    assert look(hub) == [("shrunk", "alarm")]
    (finding,) = told(hub, "shrunk")
    assert (finding.replica_id, finding.path) == (copy.pk, newest.path)
    assert "1,147,682,816 bytes" in finding.message
    assert "1,531,229,474 bytes" in finding.message


@pytest.mark.parametrize("replicas", [2, 3])
def test_the_real_drop_on_all_replicas_with_right_digests_is_a_notice(replicas: int) -> None:
    assert on_copies(REAL, replicas) == [("shrunk", "notice")]


@pytest.mark.parametrize(("share", "codes"), [(WITHIN, []), (BEYOND, ["shrunk"])])
@pytest.mark.parametrize("series", [dropped, dropped_early])
def test_a_drop_rings_just_beyond_the_least_that_counts(
    series: Callable[[float], list[int]], share: float, codes: list[str]
) -> None:
    rows = alone(series(share * least(series, steps)))

    assert [code for code, _ in rows] == codes


def test_a_few_percent_count_once_much_is_known_and_a_sixth_or_so_while_little_is() -> None:
    assert 0.02 <= least(dropped, steps) <= 0.04
    assert 0.15 <= least(dropped_early, steps) <= 0.25


def test_sizes_that_scatter_as_usual_are_quiet() -> None:
    scatter = [0, 3, -2, 1, -4, 2, 4, -1, -3, 0]

    assert alone([GIB + GIB * scatter[n % 10] // 1000 for n in range(45)]) == []


@pytest.mark.parametrize("count", [1, FEWEST])
def test_a_tarball_with_too_few_before_it_is_quiet(count: int) -> None:
    assert alone([GIB] * (count - 1) + [GIB // 100]) == []


def test_one_wild_tarball_does_not_make_the_next_usual_one_odd() -> None:
    hub = make_hub()
    lay_sizes(make_replica(hub), [*STEADY, GIB // 2, GIB])
    look(hub)

    (finding,) = told(hub, "shrunk")
    assert finding.evidence["size_bytes"] == GIB // 2


@pytest.mark.parametrize(("share", "rings"), [(0.099, False), (0.101, True)])
def test_a_set_limit_rings_just_beyond_it(share: float, rings: bool) -> None:
    rows = alone([1_000_000_000] * 20 + [round(1_000_000_000 * (1 - share))], shrink_max=10)

    assert bool(rows) is rings


def test_a_set_limit_wins_over_what_is_learned() -> None:
    assert alone([*STEADY, round(0.6 * GIB)], shrink_max=50) == []


def test_a_set_limit_is_named_where_it_rings() -> None:
    hub = make_hub(shrink_max=1)
    lay_sizes(make_replica(hub), [*STEADY, round(0.985 * GIB)])
    look(hub)

    (finding,) = told(hub, "shrunk")
    assert finding.evidence["limit"] == "1% (set)"


def test_a_repo_may_shrink_by_more_than_its_hub_allows() -> None:
    hub = make_hub(shrink_max=5)
    make_repo(hub, "tracs/env", shrink_max=60)
    lay_sizes(make_replica(hub), [*STEADY, GIB // 2])

    assert look(hub) == []


def test_a_small_drop_with_a_fitting_sidecar_on_the_only_replica_is_a_warning() -> None:
    assert alone([*STEADY, round(0.92 * GIB)]) == [("shrunk", "warn")]


@pytest.mark.parametrize(("more", "severity"), [(-0.01, "warn"), (0.01, "alarm")])
def test_a_gross_drop_on_the_only_replica_is_an_alarm(more: float, severity: str) -> None:
    assert alone([*STEADY, round((1 - GROSS_DROP - more) * GIB)]) == [("shrunk", severity)]


def test_a_small_drop_that_only_the_source_shows_yet_is_a_notice() -> None:
    hub = make_hub()
    lay_sizes(make_replica(hub), [*STEADY, round(0.92 * GIB)])
    copy = make_replica(hub, "attic", "copy")
    lay_snapshots(copy, stamps=every(len(STEADY), newest=DAY + 2 * HOUR), size_bytes=GIB)

    assert look(hub) == [("shrunk", "notice")]


def test_a_drop_that_no_sidecar_vouches_for_is_an_alarm_on_however_many_replicas() -> None:
    hub = make_hub(sidecar="optional")
    for number in range(3):
        replica = make_replica(hub, f"node{number}", "copy" if number else "source")
        lay_sizes(replica, [*STEADY, round(0.9 * GIB)], sidecar_state="absent", sidecar_digest="")

    assert look(hub) == [("shrunk", "alarm")]


def test_a_tarball_that_is_still_being_written_is_not_small_yet() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(20, newest=DAY), size_bytes=GIB)
    lay_snapshots(
        replica, stamps=[NOW - 10 * SECOND], size_bytes=7, sidecar_state="absent", mtime_at=NOW
    )

    assert look(hub) == []


def test_an_empty_tarball_is_empty_and_not_shrunk_too() -> None:
    assert alone([*STEADY, 0]) == [("empty_archive", "alarm")]


def test_a_tarball_unlike_its_sidecar_is_not_shrunk_too() -> None:
    hub = make_hub()
    *_, cut = lay_sizes(make_replica(hub), STEADY)
    TarballSnapshot.objects.filter(pk=cut.pk).update(size_bytes=GIB // 2)

    assert look(hub) == [("size_mismatch", "alarm")]


@pytest.mark.parametrize(("after", "rings"), [(TOLD_FOR - 1, True), (TOLD_FOR, False)])
def test_a_drop_is_told_until_so_many_tarballs_of_the_new_size_came(
    after: int, rings: bool
) -> None:
    rows = alone([*STEADY, *[GIB // 2] * (after + 1)])

    assert bool(rows) is rings


def test_a_small_tarball_that_was_removed_everywhere_is_not_told_any_more() -> None:
    hub = make_hub()
    *_, cut = lay_sizes(make_replica(hub), [*STEADY, GIB // 2])
    look(hub)
    TarballSnapshot.objects.filter(pk=cut.pk).update(gone_at=NOW)

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == []


def test_the_same_drop_is_one_finding_however_long_it_lasts() -> None:
    assert alone([*STEADY, *[GIB // 2] * 8]) == [("shrunk", "alarm")]


def test_an_accepted_level_is_what_new_tarballs_are_compared_with() -> None:
    hub = make_hub()
    *_, small = lay_sizes(make_replica(hub), [*STEADY, GIB // 2])
    look(hub)
    AcceptedLevel.objects.create(
        repo=small.repo, from_stamp_at=small.stamp_at, accepted_at=NOW, reason="tidied up"
    )

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == []


@pytest.mark.parametrize(("repos", "findings"), [(2, 2), (3, 1)])
def test_repos_that_shrank_in_one_night_are_one_finding(repos: int, findings: int) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(repos):
        lay_sizes(replica, [*STEADY, GIB // 2], f"tracs/env{number}")

    assert len(look(hub)) == findings


def test_repos_that_shrank_in_one_night_are_named() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for name in ("one", "two", "three", "sound"):
        lay_sizes(replica, [*STEADY, GIB if name == "sound" else GIB // 2], f"tracs/{name}")
    look(hub)

    (finding,) = told(hub, "shrunk")
    assert finding.evidence["repos"] == ["tracs/one", "tracs/three", "tracs/two"]
    assert "3 of 4 repos" in finding.message


@pytest.mark.parametrize(
    "sizes",
    [
        [1] * 30,
        [1, 2, 3] * 10,
        [(1 << 63) - 1] * 30,
        [512, 700, 1024, 600, 900] * 5,
        [GIB],
        [0, 0, GIB, 0, GIB, GIB],
    ],
)
def test_sizes_of_odd_magnitude_are_no_step(sizes: list[int]) -> None:
    assert {code for code, _ in alone(sizes)} <= {"empty_archive"}


@pytest.mark.parametrize("sizes", [[(1 << 62)] * 20 + [1], [1000] * 20 + [1 << 62]])
def test_the_largest_step_that_there_can_be_is_one_finding(sizes: list[int]) -> None:
    assert len(alone(sizes)) == 1


def test_of_two_files_at_each_stamp_each_is_compared_with_its_like() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_sizes(replica, [*STEADY, GIB // 2], file_name="attachments.tar.gz")
    lay_sizes(replica, [GIB // 1000] * (len(STEADY) + 1), file_name="database.tar.gz")

    assert look(hub) == [("shrunk", "alarm")]


# --- A copy that is smaller than the others ----------------------------------------------------


def with_cut_copy(share: float, **fields: Any) -> list[tuple[str, str]]:
    """Judge a source and a copy whose newest tarball has this share of the size, without a sidecar."""
    hub = make_hub()
    source, copy = make_replica(hub), make_replica(hub, "attic", "copy")
    lay_snapshots(source, stamps=every(9), size_bytes=GIB)
    lay_snapshots(copy, stamps=every(8, newest=DAY + 2 * HOUR), size_bytes=GIB)
    lay_snapshots(
        copy,
        stamps=every(1),
        size_bytes=round(share * GIB),
        **({"sidecar_state": "absent"} | fields),
    )
    return look(hub)


def test_a_copy_that_is_as_large_as_the_others_but_without_a_sidecar_is_not_cut() -> None:
    assert with_cut_copy(1.0) == []


@pytest.mark.parametrize(
    ("share", "code"), [(LEAST_DEVIATION - 0.001, "shrunk"), (LEAST_DEVIATION + 0.001, "diverged")]
)
def test_a_copy_that_is_hardly_smaller_is_diverged_and_one_much_smaller_was_cut(
    share: float, code: str
) -> None:
    assert with_cut_copy(share) == [(code, "alarm")]


@pytest.mark.parametrize(
    ("quiet_for", "rings"), [(QUIET_AFTER, False), (QUIET_AFTER + SECOND, True)]
)
def test_a_copy_that_somebody_may_still_write_to_is_not_cut(quiet_for: Any, rings: bool) -> None:
    assert bool(with_cut_copy(0.5, mtime_at=NOW - quiet_for)) is rings


def test_a_small_copy_with_a_sidecar_of_its_own_is_diverged() -> None:
    assert with_cut_copy(0.5, sidecar_state="ok") == [("diverged", "alarm")]


def test_a_source_that_was_cut_while_the_copy_is_whole_is_told_of_the_source() -> None:
    hub = make_hub()
    source, copy = make_replica(hub), make_replica(hub, "attic", "copy")
    lay_snapshots(copy, stamps=every(9), size_bytes=GIB)
    lay_snapshots(source, stamps=every(8, newest=DAY + 2 * HOUR), size_bytes=GIB)
    lay_snapshots(source, stamps=every(1), size_bytes=GIB // 3, sidecar_state="absent")
    look(hub)

    (finding,) = told(hub, "shrunk")
    assert (finding.replica_id, finding.severity) == (source.pk, "alarm")


# --- Much larger -------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "expected"), [(WITHIN, []), (BEYOND, [("grown", "notice")])])
@pytest.mark.parametrize("series", [risen, risen_early])
def test_a_rise_rings_just_beyond_the_least_that_counts(
    series: Callable[[float], list[int]], share: float, expected: list[tuple[str, str]]
) -> None:
    assert alone(series(share * least(series, steps))) == expected


def test_a_half_more_counts_once_much_is_known_and_threefold_while_little_is() -> None:
    assert log(1.4) <= least(risen, steps) <= log(1.7)
    assert log(2.5) <= least(risen_early, steps) <= log(4)


def test_a_release_that_adds_a_fifth_is_quiet() -> None:
    assert alone([*STEADY, *[round(1.2 * GIB)] * 9]) == []


@pytest.mark.parametrize(("share", "rings"), [(0.099, False), (0.101, True)])
def test_a_set_limit_of_growth_rings_just_beyond_it(share: float, rings: bool) -> None:
    rows = alone([1_000_000_000] * 20 + [round(1_000_000_000 * (1 + share))], grow_max=10)

    assert bool(rows) is rings


def test_a_set_limit_of_growth_wins_over_what_is_learned() -> None:
    assert alone([*STEADY, 4 * GIB], grow_max=400) == []


# --- Slowly smaller ----------------------------------------------------------------------------


def test_sizes_that_go_down_slowly_are_declining() -> None:
    assert alone([*STEADY, *falling(12, 0.0025)]) == [("declining", "warn")]


def test_a_decline_that_copies_prove_is_a_notice() -> None:
    assert on_copies([*STEADY, *falling(12, 0.0025)]) == [("declining", "notice")]


@pytest.mark.parametrize(("share", "expected"), [(WITHIN, []), (BEYOND, [("declining", "warn")])])
def test_a_decline_rings_just_beyond_the_least_that_counts(
    share: float, expected: list[tuple[str, str]]
) -> None:
    assert alone(declined(share * least(declined, drifts, 0.025))) == expected


def test_a_still_repo_declines_from_one_or_two_percent_on() -> None:
    assert 0.01 <= least(declined, drifts, 0.025) < 0.02


@pytest.mark.parametrize("share", [0.004, 0.005, 0.01])
def test_a_steeper_decline_is_told_at_every_look_from_its_first_twentieth_on(share: float) -> None:
    sizes = [*STEADY, *falling(40, share)]
    lost = next(n for n, size in enumerate(sizes) if size < 0.95 * GIB)

    for count in range(lost, len(sizes)):
        found = story(tuple(sizes[:count]))
        recent = [step for step in found.steps if step.is_low and step.first >= count - TOLD_FOR]
        assert recent or (found.drift and found.drift.is_down)


def test_a_single_clean_up_is_no_decline() -> None:
    rows = alone([*STEADY, *[round(0.93 * GIB)] * 20])

    assert "declining" not in [code for code, _ in rows]


def test_a_lively_repo_that_goes_up_and_down_is_not_declining() -> None:
    wave = [0, 5, 9, 5, 0, -5, -9, -5]

    assert alone([GIB + GIB * wave[n % 8] // 1000 for n in range(50)]) == []


def test_too_few_tarballs_do_not_decline() -> None:
    rows = alone(falling(9, 0.005))

    assert rows == []


def test_a_decline_that_was_accepted_closes() -> None:
    hub = make_hub()
    *_, last = lay_sizes(make_replica(hub), [*STEADY, *falling(12, 0.0025)])
    look(hub)
    AcceptedLevel.objects.create(
        repo=last.repo, from_stamp_at=last.stamp_at, accepted_at=NOW, reason="as planned"
    )

    assert [finding.code for finding in judge_hub(hub, NOW + HOUR).closed] == ["declining"]


# --- Quickly larger ----------------------------------------------------------------------------


def test_sizes_that_run_away_are_growing() -> None:
    assert alone([*STEADY, *falling(12, -0.02)]) == [("growing", "warn")]


def test_growth_that_copies_prove_is_a_notice() -> None:
    assert on_copies([*STEADY, *falling(12, -0.02)]) == [("growing", "notice")]


@pytest.mark.parametrize("share", [0.0078, 0.01])  # 50 % a year in weekly runs, and more
def test_a_repo_that_always_grew_as_fast_is_quiet(share: float) -> None:
    assert alone(falling(52, -share)) == []


def test_growth_of_a_third_in_a_year_of_daily_runs_is_quiet() -> None:
    assert alone(falling(60, -0.0008)) == []


@pytest.mark.parametrize(("share", "expected"), [(WITHIN, []), (BEYOND, [("growing", "warn")])])
def test_growth_rings_just_beyond_the_least_that_counts(
    share: float, expected: list[tuple[str, str]]
) -> None:
    assert alone(grew(share * least(grew, drifts))) == expected


def test_a_single_release_is_no_growth() -> None:
    assert alone([*STEADY, *[round(1.3 * GIB)] * 12]) == []


# --- The same bytes ----------------------------------------------------------------------------


def with_digests(digests: Sequence[str], **policy: Any) -> list[tuple[str, str]]:
    """Judge a replica whose tarballs have these digests."""
    hub = make_hub(**policy)
    laid = lay_snapshots(make_replica(hub), stamps=every(len(digests)))
    for snapshot, digest in zip(laid, digests, strict=True):
        snapshot.sidecar_digest = digest
    TarballSnapshot.objects.bulk_update(laid, ["sidecar_digest"])
    return look(hub)


def fresh(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


@pytest.mark.parametrize(("same", "rings"), [(STALE_RUNS - 1, False), (STALE_RUNS, True)])
def test_the_same_bytes_again_and_again_are_stale(same: int, rings: bool) -> None:
    rows = with_digests([*fresh(20), *["a" * 32] * same])

    assert rows == [("stale_content", "warn")] * rings


def test_a_repo_that_never_changes_is_left_alone() -> None:
    assert with_digests(["a" * 32] * 40) == []


def test_a_repo_that_changes_once_a_week_is_left_alone() -> None:
    assert with_digests([f"{number // 7:032x}" for number in range(7 * 7 + 5)]) == []


@pytest.mark.parametrize(
    ("known", "rings"), [(FEWEST_REPEATS_KNOWN - 1, False), (FEWEST_REPEATS_KNOWN, True)]
)
def test_staleness_is_told_once_enough_is_known_of_the_repo(known: int, rings: bool) -> None:
    rows = with_digests([*fresh(known), *["a" * 32] * STALE_RUNS])

    assert bool(rows) is rings


def test_tarballs_without_digests_are_not_the_same() -> None:
    assert with_digests([""] * 30, sidecar="optional") == []


def test_bytes_that_change_again_close_it() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    laid = lay_snapshots(replica, stamps=every(20, newest=DAY))
    for snapshot in laid[-STALE_RUNS:]:
        snapshot.sidecar_digest = "a" * 32
    TarballSnapshot.objects.bulk_update(laid, ["sidecar_digest"])
    look(hub)
    assert open_codes(hub) == ["stale_content"]
    lay_snapshots(replica, stamps=[NOW - HOUR])
    make_run(replica, NOW + HOUR)

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == []


def test_staleness_that_was_accepted_closes() -> None:
    hub = make_hub()
    laid = lay_snapshots(make_replica(hub), stamps=every(20))
    for snapshot in laid[-STALE_RUNS:]:
        snapshot.sidecar_digest = "a" * 32
    TarballSnapshot.objects.bulk_update(laid, ["sidecar_digest"])
    look(hub)
    AcceptedLevel.objects.create(
        repo=laid[-1].repo, from_stamp_at=laid[-1].stamp_at, accepted_at=NOW, reason="retired"
    )

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == []


# --- Revisions ---------------------------------------------------------------------------------


def with_revisions(names: Sequence[str], path: str = "svn/dybsvn") -> Hub:
    """Judge a replica whose tarballs have these file names."""
    hub = make_hub()
    replica = make_replica(hub)
    for stamp_at, name in zip(every(len(names)), names, strict=True):
        lay_snapshots(replica, path, [stamp_at], file_name=name)
    look(hub)
    return hub


def dybsvn(*revisions: int) -> list[str]:
    return [f"dybsvn-{revision}.tar.gz" for revision in revisions]


def test_a_revision_below_an_earlier_one_rings() -> None:
    (finding,) = told(with_revisions(dybsvn(22_300, 22_310, 22_320, 19_000)), "revision_back")

    assert (
        finding.severity,
        finding.evidence["revision"],
        finding.evidence["revision_before"],
    ) == (
        "alarm",
        19_000,
        22_320,
    )


@pytest.mark.parametrize("revisions", [(1, 2, 3, 4), (7, 7, 7, 7), (7,), (1, 999_999_999_999)])
def test_revisions_that_stay_or_rise_are_quiet(revisions: tuple[int, ...]) -> None:
    assert open_codes(with_revisions(dybsvn(*revisions))) == []


def test_one_revision_less_is_enough() -> None:
    assert open_codes(with_revisions(dybsvn(20, 21, 22, 21))) == ["revision_back"]


def test_revisions_of_hot_copies_are_read() -> None:
    names = ["dybsvn-900-1.tar.gz", "dybsvn-901-1.tar.gz", "dybsvn-300-1.tar.gz"]

    assert open_codes(with_revisions(names)) == ["revision_back"]


def test_a_revision_that_caught_up_is_quiet() -> None:
    assert open_codes(with_revisions(dybsvn(20, 21, 5, 22))) == []


def test_numbers_in_names_that_are_no_revisions_are_left_alone() -> None:
    names = ["env-30.tar.gz", "env-20.tar.gz", "env-10.tar.gz"]

    assert open_codes(with_revisions(names, "tracs/env")) == []


def test_names_without_revisions_are_quiet() -> None:
    assert open_codes(with_revisions(["dybsvn.tar.gz"] * 5)) == []


def test_a_repository_restored_on_purpose_is_quiet_once_accepted() -> None:
    hub = with_revisions(dybsvn(20, 21, 22, 12, 13))
    (finding,) = told(hub, "revision_back")
    assert finding.repo
    AcceptedLevel.objects.create(
        repo=finding.repo, from_stamp_at=every(2)[0], accepted_at=NOW, reason="restored"
    )

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == []


def test_a_revision_behind_a_version_is_read() -> None:
    names = [f"release-1.2-{revision}.tar.gz" for revision in (900, 901, 300)]

    assert open_codes(with_revisions(names, "svn/release-1.2")) == ["revision_back"]


# --- The pure part -----------------------------------------------------------------------------


def is_step(percent: int, **limit: int) -> bool:
    base = 1_000_000_000
    return bool(story((*[base] * 20, base * (100 + percent) // 100), **limit).steps)


def test_a_step_of_exactly_the_set_limit_is_within_it() -> None:
    assert [n for n in range(1, 100) if is_step(-n, shrink_max=n)] == []
    assert [n for n in range(1, 300) if is_step(n, grow_max=n)] == []


def test_nothing_is_odd_about_no_sizes() -> None:
    assert story(()) == story((GIB,))


def test_a_step_says_where_it_began_and_how_large_it_is() -> None:
    (step,) = story((*STEADY, GIB // 2, GIB // 2)).steps

    assert (step.is_low, step.first, step.expected_bytes) == (True, len(STEADY), GIB)
    assert step.ratio == pytest.approx(0.5, rel=1e-3)


def test_a_rise_and_a_fall_are_two_steps() -> None:
    steps = story((*STEADY, 3 * GIB, *[GIB] * 4, GIB // 2)).steps

    assert [step.is_low for step in steps] == [False, True]


def test_a_drift_says_how_much_was_lost() -> None:
    drift = story((*STEADY, *falling(12, 0.0025))).drift

    assert drift
    assert drift.is_down
    assert drift.ratio == pytest.approx(0.9975**11, rel=0.01)


def test_a_drift_says_since_when() -> None:
    drift = story((*STEADY, *falling(12, 0.0025))).drift

    assert drift
    assert len(STEADY) - 4 <= drift.first <= len(STEADY) + 2


def test_many_sizes_of_any_kind_give_a_story() -> None:
    for seed in range(200):
        numbers = tuple((seed * 2_654_435_761 + n * n * 40_503) % (1 << 40) + 1 for n in range(60))
        assert all(isinstance(step, Step) for step in story(numbers).steps)
