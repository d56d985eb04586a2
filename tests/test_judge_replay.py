"""The replay: at each look of the past it knows what a look would have known, and tells what the monitor would have told."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from hubs.limits import Limits
from hubs.models import Hub, Maintenance, Replica
from hubs.planned import Planned, Span
from probes.judge.backtest import backtest
from probes.judge.findings import judge_hub
from probes.judge.replay import ReplayedFinding, moments_between, replay
from probes.judge.tarball import Change, Tarball
from probes.judge.values import Look
from probes.models import AcceptedLevel, Finding, TarballEvent, TarballSnapshot
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
)
from tests.pasts import a_replica, a_setting, a_tarball, came, codes, replayed, went

SIX_HOURS = 6 * HOUR
STAMPS = every(40, newest=10 * HOUR)


def daily(stamps: Iterable[datetime] = STAMPS, **fields: Any) -> list[Tarball]:
    return [a_tarball(at, **fields) for at in stamps]


def lately(days: int = 3, until: datetime = NOW) -> list[datetime]:
    """Return the moments of looks of the last days, one every six hours."""
    return list(moments_between(until - days * DAY, until, SIX_HOURS))


def failed(*moments: datetime, status: str = "unreachable") -> dict[int, list[Look]]:
    """Return stored looks at the first replica that failed."""
    return {1: [Look(0, at, at, status, stage="connect") for at in moments]}


def opened(found: Iterable[ReplayedFinding]) -> dict[str, datetime]:
    """Return when the first finding of each code opened."""
    return {finding.code: finding.opened_at for finding in reversed(list(found))}


# --- A look knows nothing of the future ---------------------------------------------------------


def test_a_good_past_is_quiet() -> None:
    assert replayed(a_setting(), [came(one) for one in daily()], lately(20)) == []


def test_a_tarball_that_comes_later_does_not_help_a_look_before() -> None:
    *known, missed, newest = daily()
    late = came(missed, at=missed.stamp_at + 11 * HOUR)
    moments = list(moments_between(NOW - 3 * DAY, NOW, HOUR))
    past = [*(came(one) for one in known), late, came(newest)]
    (finding,) = replayed(a_setting(), past, moments)

    assert finding.code == "overdue"
    assert (finding.opened_at, finding.closed_at) == (missed.stamp_at + 7 * HOUR, late.at)


def test_what_is_told_at_a_look_does_not_depend_on_what_comes_after() -> None:
    past = [came(one) for one in daily(STAMPS[:-5])]
    future = [came(a_tarball(at, size_bytes=5)) for at in STAMPS[-5:]]
    moments = list(moments_between(NOW - 20 * DAY, STAMPS[-5] - HOUR, SIX_HOURS))

    known = replayed(a_setting(), past, moments)

    assert replayed(a_setting(), [*past, *future], moments) == known


def test_a_schedule_is_learned_from_what_had_come_by_then() -> None:
    stamps = STAMPS[:20] + [at for at in STAMPS[20:] if at.weekday() < 5]
    saturday = next(at for at in STAMPS[20:] if at.weekday() == 5)

    found = replayed(a_setting(), [came(one) for one in daily(stamps)], lately(19))

    assert opened(found)["overdue"] < saturday + DAY


def test_a_size_is_compared_with_those_before_it_only() -> None:
    small, large = daily(STAMPS[:20], size_bytes=10**6), daily(STAMPS[20:], size_bytes=10**7)
    found = replayed(a_setting(), [came(one) for one in [*small, *large]], lately(39))

    assert codes(found) == ["grown"]
    assert found[0].stamp_at == STAMPS[20]


def test_a_tarball_is_first_seen_by_the_first_look_after_it_came() -> None:
    empty = a_tarball(NOW - DAY + HOUR, size_bytes=0)
    found = replayed(a_setting(), [*(came(one) for one in daily()), came(empty)], lately())

    assert opened(found)["empty_archive"] == NOW - DAY + SIX_HOURS


@pytest.mark.parametrize(("at", "is_seen"), [(NOW, True), (NOW + HOUR / 3600, False)])
def test_what_comes_at_the_moment_of_a_look_is_seen_by_it(at: datetime, is_seen: bool) -> None:
    empty = came(a_tarball(NOW - HOUR, size_bytes=0), at=at)
    found = replayed(a_setting(), [*(came(one) for one in daily()), empty], lately())

    assert ("empty_archive" in codes(found)) is is_seen


def test_a_proof_counts_from_when_the_tarball_was_read() -> None:
    read = daily()[10]._replace(verified_at=NOW - DAY, verified_verdict="corrupt")
    past = [*(came(one) for one in daily()), came(read, at=NOW - DAY)]

    assert opened(replayed(a_setting(), past, lately())) == {"corrupt": NOW - DAY}


def test_an_accepted_level_counts_from_when_it_was_accepted() -> None:
    sizes = [10**6] * 30 + [4 * 10**5] * 10
    past = [came(a_tarball(at, size_bytes=size)) for at, size in zip(STAMPS, sizes, strict=True)]
    accepted = {1: [(NOW - 5 * DAY, STAMPS[30])]}

    (finding,) = replayed(a_setting(accepted=accepted), past, lately(12))

    assert (finding.code, finding.closed_at) == ("shrunk", NOW - 5 * DAY)


def test_happenings_may_be_given_in_any_order() -> None:
    past = [came(one) for one in daily()]

    assert replayed(a_setting(), past[::-1], lately(20)) == []


def test_what_came_and_went_between_two_looks_was_never_seen() -> None:
    revisions = [
        a_tarball(at, "svn/env", file_name=f"env-{number}.tar.gz")
        for number, at in enumerate(STAMPS, 100)
    ]
    brief = a_tarball(NOW - DAY + 2 * HOUR, "svn/env", file_name="env-5.tar.gz")
    past = [*(came(one) for one in revisions), came(brief), went(brief, NOW - DAY + 3 * HOUR)]

    assert replayed(a_setting(["svn/env"]), past, lately()) == []


# --- What goes, changes and returns ---------------------------------------------------------------


def test_a_tarball_that_went_is_not_told_of_any_more() -> None:
    empty = a_tarball(NOW - 2 * DAY, size_bytes=0)
    past = [*(came(one) for one in daily()), came(empty), went(empty, NOW - DAY)]

    (finding,) = replayed(a_setting(), past, lately(4))

    assert (finding.code, finding.closed_at) == ("empty_archive", NOW - DAY)


def test_a_tarball_that_changed_is_told_with_what_it_was() -> None:
    before = daily()[30]
    after = before._replace(size_bytes=900_000, sidecar_size_bytes=900_000)
    change = Change(after, NOW - DAY, before.size_bytes, after.size_bytes, "a", "b")
    past = [*(came(one) for one in daily()), came(after, at=NOW - DAY, change=change)]

    found = replayed(a_setting(), past, lately())

    finding = next(one for one in found if one.code == "changed_after_complete")
    assert finding.opened_at == NOW - DAY
    assert "from 1,000,000 bytes to 900,000 bytes" in finding.message


def test_a_tarball_that_returned_is_there_again() -> None:
    tarballs = daily()
    newest = tarballs[-1]
    past = [
        *(came(one) for one in tarballs),
        went(newest, newest.stamp_at + 2 * HOUR),
        came(newest, at=newest.stamp_at + 8 * HOUR),
    ]

    assert replayed(a_setting(), past, lately(1)) == []


def test_a_replica_that_was_purged_empty_is_empty() -> None:
    past = [came(one) for one in daily()]
    past += [went(one, NOW - DAY) for one in daily(STAMPS[:-1])]

    found = replayed(a_setting(), past, lately())

    assert "empty" in opened(found)


# --- Looks that failed ----------------------------------------------------------------------------


def test_a_stored_look_that_failed_fails_in_the_replay_too() -> None:
    past = [came(one) for one in daily()]
    looks = failed(NOW - DAY - HOUR, NOW - DAY + 5 * HOUR)

    (finding,) = replayed(a_setting(), past, lately(), looks)

    assert (finding.code, finding.opened_at) == ("unreachable", NOW - DAY)
    assert finding.closed_at == NOW - DAY + 2 * SIX_HOURS


def test_what_came_while_looks_failed_is_seen_by_the_next_good_one() -> None:
    empty = a_tarball(NOW - DAY, size_bytes=0)
    past = [*(came(one) for one in daily()), came(empty)]
    looks = failed(*moments_between(NOW - DAY, NOW - SIX_HOURS, SIX_HOURS))

    assert opened(replayed(a_setting(), past, lately(), looks))["empty_archive"] == NOW


def test_nothing_is_overdue_while_nobody_could_look() -> None:
    past = [came(one) for one in daily(STAMPS[:-3])]
    looks = failed(*moments_between(NOW - 3 * DAY, NOW, SIX_HOURS))
    quiet = [*moments_between(NOW - 9 * DAY, NOW - 3 * DAY - SIX_HOURS, SIX_HOURS), *lately()]

    assert codes(replayed(a_setting(), past, quiet, looks)) == ["unreachable"]


def test_of_several_stored_looks_before_one_of_the_replay_the_newest_counts() -> None:
    past = [came(one) for one in daily()]
    looks = failed(NOW - DAY - 3 * HOUR)
    looks[1].append(Look(0, NOW - DAY - HOUR, NOW - DAY - HOUR, "ok"))

    assert replayed(a_setting(), past, lately(), looks) == []


@pytest.mark.parametrize(("wanted", "opened_after"), [(1, 0), (2, 1), (3, 2)])
def test_failed_looks_are_counted_as_the_policy_wants(wanted: int, opened_after: int) -> None:
    past = [came(one) for one in daily()]
    moments = lately()
    looks = failed(*moments[4:])

    found = replayed(a_setting(limits=Limits(alert_after=wanted)), past, moments, looks)

    assert opened(found) == {"unreachable": moments[4 + opened_after]}


@pytest.mark.parametrize(("wanted", "opened_after"), [(1, 0), (2, 1), (3, 2)])
def test_failed_looks_are_counted_from_the_very_first_on(wanted: int, opened_after: int) -> None:
    moments = lately()
    limits = Limits(alert_after=wanted, look_within=30 * DAY)

    found = replayed(a_setting(limits=limits), [], moments, failed(*moments))

    assert opened(found)["unreachable"] == moments[opened_after]


def test_a_good_look_in_between_begins_the_count_of_failures_anew() -> None:
    past = [came(one) for one in daily()]
    moments = lately()
    looks = failed(*moments[2::2])

    assert replayed(a_setting(limits=Limits(alert_after=2)), past, moments, looks) == []


@pytest.mark.parametrize(("wanted", "opened_after"), [(1, 0), (2, 1), (4, 3)])
def test_looks_that_show_a_fault_are_counted_too(wanted: int, opened_after: int) -> None:
    empty = a_tarball(NOW - DAY - HOUR, size_bytes=0)
    past = [*(came(one) for one in daily()), came(empty)]

    found = replayed(a_setting(limits=Limits(alert_after=wanted)), past, lately())

    assert opened(found) == {"empty_archive": NOW - DAY + opened_after * SIX_HOURS}


def test_a_window_excuses_what_falls_into_it() -> None:
    tarballs = daily()
    window = Planned((Span(STAMPS[-2] - HOUR, STAMPS[-2] + HOUR, "new disks"),))
    past = [came(one) for one in tarballs[:-2] + tarballs[-1:]]

    assert replayed(a_setting(planned=window), past, lately()) == []
    assert codes(replayed(a_setting(), past, lately())) == ["overdue"]


def test_a_node_in_its_window_may_fail() -> None:
    window = Planned((Span(NOW - DAY, NOW, "new disks"),))
    past = [came(one) for one in daily()]
    moments = lately()[:-1]

    setting = a_setting(replicas=[a_replica(planned=window)])

    assert replayed(setting, past, moments, failed(*moments[-4:])) == []


# --- When a replica was watched ---------------------------------------------------------------------


def test_a_replica_that_came_later_is_not_missed_before() -> None:
    replicas = [a_replica(1), a_replica(2, "copy")]
    setting = a_setting(replicas=replicas, watched={2: (NOW - DAY, None)})
    past = [came(one) for one in daily()]
    past += [came(one, 2, at=NOW - DAY) for one in daily(STAMPS[:-1])] + [
        came(one, 2) for one in daily(STAMPS[-1:])
    ]

    assert replayed(setting, past, lately(10)) == []


def test_a_replica_that_was_given_up_is_not_missed_after() -> None:
    replicas = [a_replica(1), a_replica(2, "copy")]
    setting = a_setting(replicas=replicas, watched={2: (None, NOW - 2 * DAY)})
    past = [came(one) for one in daily()]
    past += [came(one, 2) for one in daily() if one.stamp_at < NOW - 2 * DAY]

    assert replayed(setting, past, lately(10)) == []


def test_what_was_there_before_the_first_look_teaches_and_is_not_new() -> None:
    past = [came(one) for one in daily()]

    for since in (STAMPS[10], STAMPS[25], STAMPS[38]):
        moments = moments_between(since + HOUR, NOW, SIX_HOURS)
        assert replayed(a_setting(), past, moments) == []


def test_what_is_wrong_at_the_first_look_opens_at_it() -> None:
    past = [came(one) for one in daily(STAMPS[:-10])]

    assert opened(replayed(a_setting(), past, lately())) == {"overdue": NOW - 3 * DAY}


def test_a_replay_of_no_moment_tells_nothing() -> None:
    assert list(replay(a_setting(), [], {}, [])) == []


def test_repos_that_are_not_judged_are_left_out() -> None:
    past = [came(a_tarball(at, "svn/other", size_bytes=0), repo_id=2) for at in STAMPS]
    past += [came(one) for one in daily()]

    assert replayed(a_setting(["tracs/env"]), past, lately()) == []


def test_a_finding_that_comes_back_is_one_with_its_times() -> None:
    moments = lately(4)
    past = [came(one) for one in daily()]
    looks = failed(moments[2], moments[3], moments[6], moments[7])

    (finding,) = replayed(a_setting(), past, moments, looks)

    assert finding.reopenings == 1
    assert finding.episodes == [(moments[2], moments[4])]
    assert (finding.reopened_at, finding.closed_at) == (moments[6], moments[8])


@pytest.mark.parametrize(("apart", "findings"), [(DAY - SIX_HOURS, 1), (DAY, 2)])
def test_one_that_comes_back_in_time_is_the_same(apart: timedelta, findings: int) -> None:
    moments = lately(4)
    past = [came(one) for one in daily()]
    closed_at = moments[4]
    looks = failed(moments[2], moments[3], closed_at + apart)

    assert len(replayed(a_setting(), past, moments, looks)) == findings


def test_moments_are_so_far_apart_and_within_both_ends() -> None:
    assert list(moments_between(NOW, NOW + DAY, 10 * HOUR)) == [
        NOW,
        NOW + 10 * HOUR,
        NOW + 20 * HOUR,
    ]
    assert list(moments_between(NOW, NOW, HOUR)) == [NOW]
    assert list(moments_between(NOW, NOW - HOUR, HOUR)) == []


# --- The stored past ---------------------------------------------------------------------------------


def looked(replica: Replica, **run: Any) -> None:
    """Store looks of the last twenty days, one every six hours, the last of them now."""
    for at in lately(20):
        make_run(replica, at, **run)


def tell(findings: Iterable[Finding]) -> list[tuple[str, str, str, str, str]]:
    return sorted(
        (
            finding.code,
            finding.severity,
            finding.replica.node.tag if finding.replica else "",
            finding.repo.path if finding.repo else "",
            finding.path,
        )
        for finding in findings
        if finding.closed_at is None
    )


def both(hub: Hub) -> tuple[list[Any], list[Any]]:
    """Return what stands open after a backtest that ends now, and after judging now."""
    found = backtest(hub, NOW - 20 * DAY, NOW, SIX_HOURS)
    judge_hub(hub, NOW)
    return tell(found.findings), tell(Finding.objects.filter(hub=hub))


def resize(laid: Sequence[TarballSnapshot], size_bytes: int) -> None:
    TarballSnapshot.objects.filter(pk__in=[one.pk for one in laid]).update(
        size_bytes=size_bytes, sidecar_size_bytes=size_bytes
    )


def a_full_estate() -> Hub:
    """Store a hub with three replicas, many repos, and a fault of nearly every kind that stays until now."""
    hub = make_hub(zone="Europe/Berlin", copies=2, verified_within=60 * DAY)
    source = make_replica(hub)
    copies = [make_replica(hub, node, "copy") for node in ("attic", "cellar")]
    stamps = every(60, newest=5 * HOUR)
    odd = [at - HOUR for at in stamps[-4:-1]]
    for replica in (source, *copies):
        for name in (
            "sound",
            "calm",
            "late",
            "small",
            "ahead",
            "purged",
            "lags",
            "differs",
            "stale",
        ):
            until = len(stamps) - (4 if name == "late" else 0)
            if name == "lags" and replica is copies[0]:
                until -= 6
            laid = lay_snapshots(replica, f"tracs/{name}", stamps[:until])
            if name == "small":
                resize(laid[-2:], 400_000)
            if name == "differs" and replica is copies[1]:
                resize(laid[-3:-2], 999_999)
            if name == "stale":
                pks = [one.pk for one in laid[-5:]]
                TarballSnapshot.objects.filter(pk__in=pks).update(sidecar_digest="a" * 32)
            if name == "purged":
                for old, new in zip(laid[:40], laid[10:50], strict=True):
                    old.gone_at = new.first_seen_at
                if replica is source:
                    for one in laid[40:-1]:
                        one.gone_at = NOW - 2 * HOUR
                TarballSnapshot.objects.bulk_update(laid, ["gone_at"])
    lay_snapshots(source, "tracs/ahead", [NOW + 20 * DAY], first_seen_at=NOW - DAY)
    lay_snapshots(source, "tracs/sound", odd[:1], size_bytes=0, file_name="empty.tar.gz")
    lay_snapshots(source, "tracs/sound", odd[1:2], sidecar_state="bad", file_name="bad.tar.gz")
    lay_snapshots(
        source,
        "tracs/sound",
        odd[2:],
        verified_at=NOW - DAY,
        verified_verdict="corrupt",
        file_name="corrupt.tar.gz",
    )
    looked(source, free_bytes=20, total_bytes=1000, clock_skew_seconds=300.0)
    looked(copies[0])
    for at in lately(20)[:-3]:
        make_run(copies[1], at)
    for at in lately(20)[-3:]:
        make_run(copies[1], at, "unreachable", stage="connect", error="No route to host")
    count_present(hub)
    return Hub.objects.get(pk=hub.pk)


@pytest.mark.django_db
def test_a_replay_of_a_stored_past_leaves_open_what_judging_finds_at_its_end() -> None:
    by_replay, by_judging = both(a_full_estate())

    kinds = {code for code, *_ in by_judging}
    assert kinds >= {"overdue", "shrunk", "lagging", "unreachable", "stale_content", "corrupt"}
    assert set(by_judging) - set(by_replay) == set()
    # It remembers what it saw of the node that cannot be reached any more.
    assert {node for _, _, node, *_ in set(by_replay) - set(by_judging)} <= {"cellar"}


@pytest.mark.django_db
def test_a_replay_of_a_sound_past_and_judging_it_are_both_quiet() -> None:
    hub = make_hub(zone="Asia/Taipei")
    for node in ("vault", "attic"):
        replica = make_replica(hub, node, "source" if node == "vault" else "copy")
        for name in ("one", "two"):
            lay_snapshots(replica, f"tracs/{name}", every(60, newest=5 * HOUR))
        looked(replica, free_bytes=900, total_bytes=1000, clock_skew_seconds=0.1)

    assert both(hub) == ([], [])


@pytest.mark.django_db
def test_both_say_the_same_in_words() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(60, newest=3 * DAY))
    looked(replica)

    (by_replay,) = backtest(hub, NOW - 20 * DAY, NOW, SIX_HOURS).findings
    (by_judging,) = judge_hub(hub, NOW).opened

    assert by_replay.message == by_judging.message
    assert by_replay.evidence == by_judging.evidence


def one_day_at_a_time(hub: Hub) -> list[Finding]:
    return backtest(hub, NOW - 10 * DAY, NOW, SIX_HOURS).findings


@pytest.mark.django_db
def test_a_stored_change_and_a_stored_return_are_replayed() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    laid = lay_snapshots(replica, stamps=every(40, newest=5 * HOUR))
    looked(replica)
    for snapshot, kind, gone_at in (
        (laid[20], TarballEvent.Kind.CHANGED, None),
        (laid[21], TarballEvent.Kind.RETURNED, NOW - 5 * DAY),
    ):
        TarballEvent.objects.create(
            snapshot=snapshot,
            kind=kind,
            noticed_at=NOW - 3 * DAY,
            size_bytes_before=999_000,
            size_bytes_after=1_000_000,
            digest_before="a" * 32,
            digest_after=snapshot.sidecar_digest,
            gone_at_before=gone_at,
        )

    (finding,) = one_day_at_a_time(hub)

    assert (finding.code, finding.opened_at) == ("changed_after_complete", NOW - 3 * DAY)
    assert "from 999,000 bytes to 1,000,000 bytes" in finding.message


@pytest.mark.django_db
def test_a_stored_proof_is_not_known_before_it_was_made() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    laid = lay_snapshots(replica, stamps=every(40, newest=5 * HOUR))
    looked(replica)
    TarballSnapshot.objects.filter(pk=laid[20].pk).update(
        verified_at=NOW - 3 * DAY, verified_verdict="corrupt"
    )

    (finding,) = one_day_at_a_time(hub)

    assert (finding.code, finding.opened_at) == ("corrupt", NOW - 3 * DAY)


@pytest.mark.django_db
def test_a_proof_from_before_a_change_shows_nothing_of_the_change() -> None:
    hub = make_hub(sidecar="optional")
    replica = make_replica(hub)
    laid = lay_snapshots(replica, stamps=every(40, newest=5 * HOUR))
    looked(replica)
    TarballSnapshot.objects.filter(pk=laid[30].pk).update(
        verified_at=NOW - 6 * DAY, verified_verdict="good", size_bytes=5, sidecar_size_bytes=5
    )
    TarballEvent.objects.create(
        snapshot=laid[30],
        kind=TarballEvent.Kind.CHANGED,
        noticed_at=NOW - DAY,
        size_bytes_before=1_000_000,
        size_bytes_after=5,
        digest_before="a" * 32,
        digest_after="b" * 32,
    )

    assert {finding.opened_at for finding in one_day_at_a_time(hub)} == {NOW - DAY}


@pytest.mark.django_db
def test_a_tarball_that_had_no_sidecar_before_it_changed_is_not_unlike_it() -> None:
    hub = make_hub(sidecar="optional")
    replica = make_replica(hub)
    laid = lay_snapshots(replica, stamps=every(40, newest=5 * HOUR))
    looked(replica)
    TarballEvent.objects.create(
        snapshot=laid[36],
        kind=TarballEvent.Kind.CHANGED,
        noticed_at=NOW - DAY,
        size_bytes_before=990_000,
        size_bytes_after=1_000_000,
        digest_before="",
        digest_after=laid[36].sidecar_digest,
    )

    assert [finding.code for finding in one_day_at_a_time(hub)] == ["changed_after_complete"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "run"),
    [
        ("unrecognised", {"unrecognised": 3, "unrecognised_examples": ["a", "b", "c"]}),
        ("stale_lock", {"locks": [["LOCKED", 1.0]]}),
        ("disk_low", {"free_bytes": 1, "total_bytes": 1000}),
        ("clock_skew", {"clock_skew_seconds": 900.0}),
    ],
)
def test_what_each_stored_look_said_does_not_flap_between_them(
    code: str, run: dict[str, Any]
) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(40, newest=5 * HOUR))
    for days in range(10):
        make_run(replica, NOW - days * DAY, **run)

    (finding,) = one_day_at_a_time(hub)

    assert (finding.code, finding.reopenings, finding.closed_at) == (code, 0, None)


@pytest.mark.django_db
def test_a_replica_that_nobody_has_looked_at_yet_is_not_empty_in_the_past() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(40, newest=5 * HOUR))
    looked(replica)
    make_replica(hub, "attic", "copy")

    assert one_day_at_a_time(hub) == []


@pytest.mark.django_db
def test_a_replica_that_is_not_looked_at_any_more_is_left_out() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(40, newest=5 * HOUR))
    looked(replica)
    lay_snapshots(make_replica(hub, "attic", "copy", enabled=False), stamps=every(3))

    assert one_day_at_a_time(hub) == []


@pytest.mark.django_db
def test_stored_windows_and_levels_count_in_the_replay() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    stamps = every(40, newest=5 * HOUR)
    lay_snapshots(replica, stamps=stamps[:-3] + stamps[-2:])
    lay_snapshots(replica, "tracs/small", stamps[:-4])
    lay_snapshots(replica, "tracs/small", stamps[-4:], size_bytes=300_000)
    looked(replica)
    assert {finding.code for finding in one_day_at_a_time(hub)} == {"overdue", "shrunk"}
    Maintenance.objects.create(
        hub=hub, starts_at=stamps[-3] - HOUR, ends_at=stamps[-3] + HOUR, reason="new disks"
    )
    AcceptedLevel.objects.create(
        repo=make_repo(hub, "tracs/small"),
        from_stamp_at=stamps[-4],
        accepted_at=stamps[-4],
        reason="tidied up",
    )

    assert one_day_at_a_time(hub) == []


@pytest.mark.django_db
def test_a_hub_without_replicas_or_repos_replays_to_nothing() -> None:
    assert backtest(make_hub(), NOW - DAY, NOW, timedelta(hours=1)).findings == []
