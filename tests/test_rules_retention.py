"""Rules about how many tarballs are kept: too few left by a purge, or never purged."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from hubs.models import Hub, Replica
from probes.judge.findings import judge_hub
from probes.judge.retention_rules import (
    FEW_LEFT,
    LEFT_SHARE,
    MORE_THAN_USUAL,
    PURGES_LEARNED_FROM,
    usually_kept,
)
from probes.judge.tarball import WINDOW, Window
from probes.models import AcceptedLevel, TarballSnapshot
from tests import looking
from tests.counts import count_present
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
from tests.pasts import a_tarball

pytestmark = pytest.mark.django_db
KEPT = 12  # by the purges of these tests


def lay_purged(
    replica: Replica, count: int, kept: int = KEPT, path: str = "tracs/env"
) -> list[TarballSnapshot]:
    """Lay one tarball a day, of which a nightly purge leaves so many."""
    laid = lay_snapshots(replica, path, every(count))
    for old, new in zip(laid, laid[kept:], strict=False):
        old.gone_at = new.first_seen_at
    TarballSnapshot.objects.bulk_update(laid, ["gone_at"])
    return laid


def lose(laid: Sequence[TarballSnapshot], left: int, at: datetime = NOW) -> None:
    """Let all but the newest go."""
    pks = [snapshot.pk for snapshot in laid[: len(laid) - left]]
    TarballSnapshot.objects.filter(pk__in=pks, gone_at=None).update(gone_at=at)


def look(hub: Hub, now: datetime = NOW) -> list[tuple[str, str]]:
    """Count what is there, look at all replicas, and return the open findings as code and severity."""
    count_present(hub)
    return looking.look(hub, now)


# --- Too few left ------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [1, FEW_LEFT])
def test_a_purge_that_leaves_hardly_any_rings(left: int) -> None:
    hub = make_hub()
    lose(lay_purged(make_replica(hub), 40), left)

    assert look(hub) == [("purged_too_much", "alarm")]


def test_it_is_told_how_many_are_left_how_many_are_usual_and_when_they_went() -> None:
    hub = make_hub()
    lose(lay_purged(make_replica(hub), 40), 1)
    look(hub)

    (finding,) = told(hub, "purged_too_much")

    assert finding.message.startswith("1 tarball of tracs/env is left on vault, where 12 is usual")
    assert "2024-05-15 12:00:00 UTC" in finding.message
    assert finding.evidence["present"] == 1


def test_a_purge_that_takes_everything_of_one_repo_rings() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lose(lay_purged(replica, 40), 0)
    lay_snapshots(replica, "tracs/env2", every(9))

    assert ("purged_too_much", "alarm") in look(hub)


def test_usual_purging_is_quiet() -> None:
    hub = make_hub()
    lay_purged(make_replica(hub), 40)

    assert look(hub) == []


def test_the_edge_is_a_quarter_of_what_is_usual() -> None:
    for more, rings in ((0, True), (1, False)):
        hub = make_hub(f"H{more}")
        laid = lay_purged(make_replica(hub), 50, kept=20)
        lose(laid, int(20 * LEFT_SHARE) + more)

        assert bool(look(hub)) is rings


def test_a_repo_that_was_never_purged_and_loses_nearly_all_at_once_rings() -> None:
    hub = make_hub()
    lose(lay_snapshots(make_replica(hub), stamps=every(40)), 2)

    assert look(hub) == [("purged_too_much", "alarm")]


def test_a_repo_of_few_tarballs_that_loses_one_is_quiet() -> None:
    hub = make_hub()
    lose(lay_snapshots(make_replica(hub), stamps=every(6)), 5)

    assert look(hub) == []


def test_a_young_repo_without_any_purge_is_quiet() -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=every(2))

    assert look(hub) == []


@pytest.mark.parametrize(("left", "rings"), [(9, True), (10, False)])
def test_a_set_number_rings_just_below_it(left: int, rings: bool) -> None:
    hub = make_hub(keep_min=10)
    lose(lay_purged(make_replica(hub), 40), left)

    assert bool(look(hub)) is rings


def test_a_set_number_wins_over_what_is_usual() -> None:
    hub = make_hub(keep_min=1)
    lose(lay_purged(make_replica(hub), 40), 1)

    assert look(hub) == []


def test_a_repo_that_never_had_so_many_is_not_told() -> None:
    hub = make_hub(keep_min=30)
    lay_snapshots(make_replica(hub), stamps=every(9))

    assert look(hub) == []


def test_what_was_lost_is_told_of_each_replica_that_lost_it() -> None:
    hub = make_hub()
    lay_purged(make_replica(hub), 40)
    copy = make_replica(hub, "attic", "copy")
    lose(lay_purged(copy, 40), 1)
    look(hub)

    (finding,) = told(hub, "purged_too_much")
    assert finding.replica_id == copy.pk


def test_a_purge_that_ran_wild_over_all_repos_of_a_replica_is_one_finding() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    for number in range(4):
        lose(lay_purged(replica, 40, path=f"tracs/env{number}"), 1)

    assert look(hub) == [("purged_too_much", "alarm")]


def test_it_closes_when_enough_are_there_again() -> None:
    hub = make_hub()
    laid = lay_purged(make_replica(hub), 40)
    lose(laid, 1)
    look(hub)
    pks = [snapshot.pk for snapshot in laid[-KEPT:]]
    TarballSnapshot.objects.filter(pk__in=pks).update(gone_at=None)

    assert look(hub, NOW + HOUR) == []


def test_a_set_number_beyond_the_window_rings_too() -> None:
    hub = make_hub(keep_min=2 * WINDOW)
    lose(lay_snapshots(make_replica(hub), stamps=every(3 * WINDOW)), 10)

    assert look(hub) == [("purged_too_much", "alarm")]


def test_fewer_that_were_accepted_are_not_told_any_more() -> None:
    hub = make_hub()
    lose(lay_purged(make_replica(hub), 40), 2)
    look(hub)
    accept(hub)

    assert look(hub, NOW + HOUR) == []


def accept(hub: Hub) -> None:
    AcceptedLevel.objects.create(
        repo=make_repo(hub), from_stamp_at=NOW, accepted_at=NOW, reason="keeps less now"
    )


# --- Never purged ------------------------------------------------------------------------------


def lay_unpurged(replica: Replica, more: int) -> None:
    """Lay tarballs of which purges left KEPT until they stopped, and so many more came since."""
    laid = lay_snapshots(replica, stamps=every(30 + more))
    for old, new in zip(laid[: 30 - KEPT], laid[KEPT:30], strict=True):
        old.gone_at = new.first_seen_at
    TarballSnapshot.objects.bulk_update(laid, ["gone_at"])


@pytest.mark.parametrize(("more", "rings"), [(MORE_THAN_USUAL, False), (MORE_THAN_USUAL + 1, True)])
def test_a_purge_that_stopped_rings_when_too_many_more_are_kept(more: int, rings: bool) -> None:
    hub = make_hub()
    lay_unpurged(make_replica(hub), more)

    assert look(hub) == [("not_purged", "warn")] * rings


def test_it_is_told_how_many_are_kept_and_how_many_are_usual() -> None:
    hub = make_hub()
    lay_unpurged(make_replica(hub), 8)
    look(hub)

    (finding,) = told(hub, "not_purged")
    assert finding.message.startswith("20 tarballs of tracs/env are on vault, where 12 is usual")


def test_a_repo_of_which_nothing_was_ever_purged_is_quiet() -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=every(300))

    assert look(hub) == []


@pytest.mark.parametrize(("count", "rings"), [(10, False), (11, False), (12, True)])
def test_a_set_most_allows_for_the_one_that_just_came(count: int, rings: bool) -> None:
    hub = make_hub(keep_max=10)
    lay_snapshots(make_replica(hub), stamps=every(count))

    assert look(hub) == [("not_purged", "warn")] * rings


def test_a_set_most_wins_over_what_is_usual() -> None:
    hub = make_hub(keep_max=100)
    lay_unpurged(make_replica(hub), 20)

    assert look(hub) == []


def test_a_purge_that_runs_again_closes_it() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_unpurged(replica, 10)
    look(hub)
    laid = list(replica.snapshots.order_by("stamp_at"))
    lose(laid, KEPT, NOW + HOUR)

    assert look(hub, NOW + HOUR) == []


def test_more_that_were_accepted_are_not_told_any_more() -> None:
    hub = make_hub()
    lay_unpurged(make_replica(hub), 10)
    look(hub)
    accept(hub)

    assert look(hub, NOW + HOUR) == []


def test_a_node_that_cannot_be_reached_closes_neither() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_unpurged(replica, 10)
    look(hub)
    make_run(replica, NOW + HOUR, "unreachable")

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == ["not_purged", "unreachable"]


# --- What purges teach -------------------------------------------------------------------------


def test_what_is_kept_is_learned_from_so_many_purges() -> None:
    stamps = every(20)
    for purges, learned in ((PURGES_LEARNED_FROM - 1, None), (PURGES_LEARNED_FROM, KEPT)):
        window = Window(
            a_tarball(at, gone_at=stamps[n + KEPT] if n < purges else None)
            for n, at in reversed(list(enumerate(stamps)))
        )
        assert usually_kept(window) == learned


def test_a_purge_once_a_week_is_learned_too() -> None:
    hub = make_hub()
    laid = lay_snapshots(make_replica(hub), stamps=every(56))
    for number, snapshot in enumerate(laid):
        sunday = number - number % 7 + 3 * 7
        if sunday < len(laid):
            snapshot.gone_at = laid[sunday].first_seen_at
    TarballSnapshot.objects.bulk_update(laid, ["gone_at"])

    assert look(hub) == []


def test_a_purge_by_age_that_finds_a_holiday_is_quiet() -> None:
    hub = make_hub()
    stamps = [at for at in every(50) if not NOW - 20 * DAY < at < NOW - 14 * DAY]
    laid = lay_snapshots(make_replica(hub), stamps=stamps)
    for snapshot in laid:
        gone_at = snapshot.stamp_at + 12 * DAY
        snapshot.gone_at = gone_at if gone_at < NOW else None
    TarballSnapshot.objects.bulk_update(laid, ["gone_at"])

    assert [code for code, _ in look(hub) if "purge" in code] == []
