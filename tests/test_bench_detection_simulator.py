"""The worlds in which detection is measured: repeatable, like the reference, and with faults as they are declared."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import bench.detection
from bench.detection.chance import stream
from bench.detection.explains import CONSEQUENCES, EXPLAINS
from bench.detection.scenario import Scenario, draw_frame
from bench.detection.schedules import TWICE, WEEKDAYS, Schedule
from bench.detection.simulator import simulate
from bench.detection.sorts import SORTS
from bench.detection.world import (
    REPORTING_SEEDS,
    TUNING_SEEDS,
    Benign,
    Fault,
    SimHub,
    SimTarball,
)
from probes.look.layout import split_place, stamp_at

DAY = timedelta(days=1)
SMALL = Scenario(years=0.5, repos=5, nodes=3)
World = tuple[SimHub, list[Fault], list[Benign]]


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [simulate(seed, Scenario(years=1.5, repos=12, nodes=4)) for seed in (1, 2)]


@pytest.fixture(scope="module")
def sound() -> SimHub:
    """A year in Berlin in which nothing at all happens."""
    scenario = Scenario(
        years=1, repos=12, nodes=3, faults=False, benign=False, zone="Europe/Berlin", keep=(9, 9)
    )
    return simulate(4, scenario)[0]


def of_fault(hub: SimHub, fault: Fault) -> Iterator[SimTarball]:
    for tarball in hub.tarballs:
        if tarball.repo == fault.repo and tarball.stamp_text in fault.details["stamps"]:
            yield tarball


def planted(worlds: list[World], *kinds: str) -> Iterator[tuple[SimHub, Fault]]:
    for hub, faults, _ in worlds:
        yield from ((hub, fault) for fault in faults if fault.kind in kinds)


def test_a_seed_gives_the_same_world_twice() -> None:
    assert simulate(7, SMALL) == simulate(7, SMALL)


def test_another_seed_gives_another_world() -> None:
    assert simulate(7, SMALL)[0].tarballs != simulate(8, SMALL)[0].tarballs


def test_no_seed_is_both_for_tuning_and_for_reporting() -> None:
    assert not set(TUNING_SEEDS) & set(REPORTING_SEEDS)


def test_a_world_of_no_given_size_is_as_large_as_the_reference_says() -> None:
    for seed in range(1, 20):
        frame = draw_frame(seed, Scenario(), stream(seed))

        assert 3 <= len(frame.nodes) <= 8
        assert 10 <= len(frame.repos) <= 40
        assert 3 <= (frame.ends_at - frame.starts_at) / (365 * DAY) <= 5.01


def test_only_the_product_seam_imports_the_program_that_is_measured() -> None:
    directory = Path(bench.detection.__path__[0])
    measured = {
        file.stem for file in directory.glob("*.py") if "probes" in _imported(file.read_text())
    }

    assert measured <= {"product"}


def _imported(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


# --- natural history ---


def test_cron_keeps_its_local_hour_through_clock_changes(sound: SimHub) -> None:
    offsets = set()
    for tarball in sound.tarballs:
        schedule = sound.schedules[tarball.repo]
        if schedule.kind == TWICE or 60 <= schedule.minute < 240:
            continue  # those within the changed hours may move
        local = tarball.stamp_at.astimezone(ZoneInfo(sound.zone))
        behind = (local.hour * 60 + local.minute - schedule.minute + 720) % 1440 - 720
        assert -21 <= behind <= 5 * 60 + 21, (tarball, schedule)
        offsets.add(local.utcoffset())

    assert len(offsets) == 2


def test_weekday_repos_rest_on_weekends(sound: SimHub) -> None:
    zone = ZoneInfo(sound.zone)
    days = {
        tarball.stamp_at.astimezone(zone).weekday()
        for tarball in sound.tarballs
        if sound.schedules[tarball.repo].kind == WEEKDAYS
        and 60 < sound.schedules[tarball.repo].minute < 18 * 60
    }

    assert days <= {0, 1, 2, 3, 4}


def test_a_start_that_the_clocks_leave_out_comes_when_it_would_have_been() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = datetime(2024, 3, 31, tzinfo=berlin).date()

    (due,) = Schedule("daily", 150).due(berlin, spring, spring)

    assert due == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)


def test_no_more_stay_than_are_kept(sound: SimHub) -> None:
    for look in sound.looks[::197]:
        there = Counter(
            tarball.repo
            for tarball in sound.tarballs
            if tarball.node == look.node
            and tarball.visible_at <= look.at
            and (tarball.gone_at is None or tarball.gone_at > look.at)
        )
        assert max(there.values()) <= 10  # one more between an arrival and the purge


def test_paths_are_such_as_the_program_takes(worlds: list[World]) -> None:
    for hub, _, _ in worlds:
        for tarball in hub.tarballs[::7]:
            assert split_place(tarball.path.encode()) is not None
            assert tarball.path.startswith(f"{tarball.repo}/{tarball.stamp_text}/")


def test_stamps_mean_in_the_hubs_zone_what_they_say(worlds: list[World]) -> None:
    for hub, _, _ in worlds:
        zone = ZoneInfo(hub.zone)
        for tarball in hub.tarballs:
            assert stamp_at(tarball.stamp_text, zone) == tarball.stamp_at


def test_a_path_is_on_a_node_once(worlds: list[World]) -> None:
    for hub, _, _ in worlds:
        places = Counter((tarball.node, tarball.path) for tarball in hub.tarballs)
        assert max(places.values()) == 1


def test_without_faults_copies_are_equal_and_proved(sound: SimHub) -> None:
    contents: dict[str, set[tuple[int, str]]] = {}
    for tarball in sound.tarballs:
        contents.setdefault(tarball.path, set()).add((tarball.size_bytes, tarball.sidecar_digest))
        assert tarball.proof in ("good", "")

    assert all(len(different) == 1 for different in contents.values())


def test_a_dead_repo_never_changes(sound: SimHub) -> None:
    digests: dict[str, set[str]] = {}
    for tarball in sound.tarballs:
        digests.setdefault(tarball.repo, set()).add(tarball.sidecar_digest)

    assert min(len(different) for different in digests.values()) == 1


def test_without_faults_a_third_of_every_disk_stays_free(sound: SimHub) -> None:
    for look in sound.looks:
        assert look.free_bytes is not None
        assert look.total_bytes is not None
        assert look.free_bytes > 0.25 * look.total_bytes


def test_nothing_is_planted_where_no_fault_is_wanted() -> None:
    assert simulate(7, replace(SMALL, faults=False))[1] == []


# --- faults ---


def test_every_kind_is_planted_somewhere(worlds: list[World]) -> None:
    kinds = {fault.kind for _, faults, _ in worlds for fault in faults}

    assert kinds == set(EXPLAINS)
    assert {sort.kind for sort in SORTS} <= kinds


def test_every_setting_is_planted_somewhere(worlds: list[World]) -> None:
    settings = {fault.setting for _, faults, _ in worlds for fault in faults}

    assert settings == {"", "cold_start", "holidays", "double"}


def test_every_kind_says_what_explains_it_and_what_follows() -> None:
    assert set(EXPLAINS) == set(CONSEQUENCES)


def test_faults_of_one_series_are_forty_days_apart(worlds: list[World]) -> None:
    for hub, faults, _ in worlds:
        onsets: dict[tuple[str, str], list[datetime]] = {}
        for fault in faults:
            if fault.repo and fault.kind != "renamed" and fault.setting != "double":
                for node in [fault.node] if fault.node else [node.tag for node in hub.nodes]:
                    onsets.setdefault((fault.repo, node), []).append(fault.onset)
        for times in onsets.values():
            assert all(after - before >= 40 * DAY for before, after in pairwise(times))


def test_many_series_have_no_fault(worlds: list[World]) -> None:
    for hub, faults, _ in worlds:
        faulty = {fault.repo for fault in faults}
        assert len(set(hub.repos) - faulty) >= 2


def test_onsets_lie_between_the_first_look_and_the_last(worlds: list[World]) -> None:
    for hub, faults, _ in worlds:
        for fault in faults:
            assert hub.starts_at <= fault.onset <= fault.end <= hub.ends_at


def test_a_bad_file_is_there_from_the_onset_on(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "truncated", "empty", "sidecar", "digest_mismatch"):
        about = [t for t in of_fault(hub, fault) if fault.node in (None, t.node)]
        assert min(tarball.visible_at for tarball in about) == fault.onset


def test_a_missing_run_is_on_no_node_that_it_befell(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "missing_run", "outage"):
        assert not [t for t in of_fault(hub, fault) if fault.node in (None, t.node)]


def test_what_the_source_shrinks_is_the_same_on_all_nodes_and_proved(worlds: list[World]) -> None:
    seen = 0
    for hub, fault in planted(worlds, "silent_shrink", "slow_decline", "truncated"):
        if fault.node is None:
            sizes: dict[str, set[int]] = {}
            for tarball in of_fault(hub, fault):
                sizes.setdefault(tarball.path, set()).add(tarball.size_bytes)
                assert tarball.proof != "digest_mismatch"
                seen += 1
            assert all(len(different) == 1 for different in sizes.values())
    assert seen


def test_what_shrinks_on_one_node_is_whole_on_the_others(worlds: list[World]) -> None:
    seen = 0
    for hub, fault in planted(worlds, "silent_shrink", "truncated", "empty"):
        if fault.node and fault.setting != "double":
            by_node: dict[str, set[int]] = {}
            for tarball in of_fault(hub, fault):
                if tarball.stamp_text == fault.details["stamps"][0]:
                    by_node.setdefault(tarball.node, set()).add(tarball.size_bytes)
            (bad,) = by_node.pop(fault.node)
            assert all(min(sizes) > bad for sizes in by_node.values())
            seen += 1
    assert seen


def test_a_copy_that_was_cut_has_no_sidecar(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "truncated"):
        if fault.node:
            states = {t.sidecar_state for t in of_fault(hub, fault) if t.node == fault.node}
            assert states == {"absent"}


def test_a_damaged_file_is_disproved_by_the_first_complete_look(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "digest_mismatch"):
        (bad,) = [tarball for tarball in of_fault(hub, fault) if tarball.node == fault.node]
        looks = [look for look in hub.looks if look.node == bad.node and look.status == "ok"]
        first = min(look.at for look in looks if look.at >= bad.visible_at)
        assert (bad.proof, bad.proved_at) == ("digest_mismatch", first)


def test_a_clock_that_is_ahead_stamps_the_future(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "clock_ahead"):
        first = fault.details["days"] * DAY
        for tarball in hub.tarballs:
            if tarball.repo == fault.repo and tarball.visible_at == fault.onset:
                assert tarball.stamp_at - tarball.visible_at > first - DAY / 2


def test_a_duplicate_has_its_stamp_twice(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "duplicate_stamp"):
        node = fault.node or hub.nodes[0].tag
        stamps = Counter(
            tarball.stamp_text
            for tarball in hub.tarballs
            if (tarball.repo, tarball.node) == (fault.repo, node)
        )
        assert max(stamps.values()) == 2


def test_a_purge_that_takes_too_much_leaves_at_most_two(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "purged_too_much"):
        there = [
            tarball
            for tarball in hub.tarballs
            if (tarball.repo, tarball.node) == (fault.repo, fault.node)
            and tarball.visible_at <= fault.onset
            and (tarball.gone_at is None or tarball.gone_at > fault.onset)
        ]
        assert len(there) == fault.details["left"]


def test_a_renamed_repo_goes_on_under_its_new_name(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "renamed"):
        new = [t for t in hub.tarballs if t.repo == fault.details["new_name"]]
        old = [t for t in hub.tarballs if t.repo == fault.repo]
        assert max(tarball.stamp_at for tarball in old) < min(tarball.stamp_at for tarball in new)


def test_nobody_looks_while_the_monitor_is_dead(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "monitor_dead"):
        assert not [look for look in hub.looks if fault.onset <= look.at < fault.end]


def test_every_look_at_a_node_that_is_out_fails(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "node_out"):
        during = {
            look.status
            for look in hub.looks
            if look.node == fault.node and fault.onset <= look.at < fault.end
        }
        assert during == {"unreachable"}


def test_a_disk_that_fills_is_nearly_full_in_the_end(worlds: list[World]) -> None:
    for hub, fault in planted(worlds, "disk_filling", "disk_burst"):
        last = [
            (look.free_bytes or 0) / (look.total_bytes or 1)
            for look in hub.looks
            if look.node == fault.node
            and look.status == "ok"
            and fault.onset <= look.at < fault.end
        ][-1]
        assert last < 0.04
