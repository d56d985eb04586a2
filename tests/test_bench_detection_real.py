"""Simulated hubs in the hands of the real commands: history as CSV, and real files behind real SSH servers."""

import csv
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from bench.detection import export
from bench.detection.scenario import Scenario
from bench.detection.simulator import simulate
from bench.detection.slice import look_at_slice
from hubs.inventory import read_file
from probes.models import TarballSnapshot

NEEDS_NO_STATISTICS = {"node_out", "duplicate_stamp", "clock_ahead"}
SMALL = Scenario(years=0.3, repos=4, nodes=3)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return export.write(tmp_path_factory.mktemp("export"), *simulate(6, SMALL))


def test_the_inventory_is_one_that_the_program_reads(files: list[Path]) -> None:
    inventory = read_file(files[0])

    (hub,) = inventory.hubs
    assert [node["tag"] for node in inventory.nodes] == ["S6:H", "S6:C1", "S6:C2"]
    assert [replica.values["role"] for replica in hub.replicas] == ["source", "copy", "copy"]
    assert hub.policy["cadence"] == ""  # all is to be learned


def test_the_history_has_the_columns_of_the_design_and_times_with_offset(
    files: list[Path],
) -> None:
    with files[1].open(newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert tuple(rows[0]) == export.COLUMNS
    assert all(datetime.fromisoformat(row["first_seen_at"]).tzinfo for row in rows)


def test_a_tarball_that_no_look_saw_is_not_in_the_history(files: list[Path]) -> None:
    hub, _, _ = simulate(6, SMALL)
    looks = {look.at.isoformat() for look in hub.looks if look.status == "ok"}

    with files[1].open(newline="") as lines:
        assert {row["first_seen_at"] for row in csv.DictReader(lines)} <= looks


@pytest.mark.django_db
def test_the_real_commands_take_a_simulated_history(files: list[Path]) -> None:
    call_command("import_config", str(files[0]), verbosity=0)
    call_command("import_snapshots", str(files[1]), verbosity=0)

    stored = TarballSnapshot.objects.filter(replica__hub__tag="S6").count()
    assert stored == len(files[1].read_text().splitlines()) - 1


@pytest.mark.sshd
def test_what_lies_behind_real_servers_is_stored_as_it_was_simulated(tmp_path: Path) -> None:
    seen = look_at_slice(tmp_path, 2, days=10, repos=8, nodes=4)

    said = {
        (
            row["node"],
            row["path"],
            row["size_bytes"],
            datetime.fromisoformat(row["mtime_at"]),
            row["sidecar_digest"],
            row["sidecar_size"],
        )
        for row in seen.stored
    }
    assert said == {
        (
            tarball.node,
            tarball.path,
            str(tarball.size_bytes),
            tarball.mtime_at,
            tarball.sidecar_digest,
            "" if tarball.sidecar_size_bytes is None else str(tarball.sidecar_size_bytes),
        )
        for tarball in seen.present
    }
    missed = {each.fault.kind for each in seen.detections if not each.is_found}
    assert not missed & NEEDS_NO_STATISTICS
