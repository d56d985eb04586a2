"""`import_legacy` brings configuration and history in once, and says what it guessed or left out."""

import sqlite3
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command

from hubs.models import Hub, Node, Replica
from probes.legacy import read_table
from probes.models import TarballSnapshot
from tests.test_legacy_files import LIBFAB, MONITOR

pytestmark = pytest.mark.django_db

BASE = "/var/scm/backup/cms02"
SCHEMA = "create table tgzs(nodepath text primary key, node text, dir text, date text, size real)"


class Said(NamedTuple):
    out: str
    err: str


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "monitor.cnf").write_text(MONITOR)
    (tmp_path / "libfab.cnf").write_text(LIBFAB)
    return {"monitor_cnf": tmp_path / "monitor.cnf", "libfab_cnf": tmp_path / "libfab.cnf"}


def run(**options: Any) -> Said:
    out, err = StringIO(), StringIO()
    call_command("import_legacy", stdout=out, stderr=err, **options)
    return Said(out.getvalue(), err.getvalue())


def old_database(folder: Path, *rows: tuple[Any, ...]) -> Path:
    file = folder / "old.db"
    with sqlite3.connect(file) as database:
        database.execute(SCHEMA)
        database.executemany("insert into tgzs values (?, ?, ?, ?, ?)", rows)
    database.close()
    return file


def row(
    node: str = "C",
    base: str = BASE,
    repo: str = "tracs/env",
    day: str = "2013-05-09",
    size: Any = 3.0,
) -> tuple[Any, ...]:
    path = f"{base}/{repo}/{day.replace('-', '/')}/104701/env.tar.gz"
    return f"{node}:{path}", node, f"{base}/{repo}", f"{day}T10:47:01", size


def test_the_samples_become_hubs_and_nodes(files: dict[str, Path]) -> None:
    run(**files)

    assert ({hub.tag for hub in Hub.objects.all()}, {node.tag for node in Node.objects.all()}) == (
        {"ZZ", "WW", "G", "C2"},
        {"SDU", "C", "H1", "Z9:229"},
    )


def test_a_second_run_changes_nothing(files: dict[str, Path], tmp_path: Path) -> None:
    history = {"database": old_database(tmp_path, row()), "time_zone": "Asia/Taipei"}
    run(**files, **history)

    assert run(**files, **history).out == "no changes\n"


def test_what_somebody_set_right_stays(files: dict[str, Path]) -> None:
    run(**files)
    Node.objects.filter(tag="C").update(host="cms01.example.org")
    Replica.objects.filter(hub__tag="WW").update(root="/data/cms02")

    assert run(**files).out == "no changes\n"


def test_without_a_zone_the_hubs_are_in_utc_and_one_is_told(files: dict[str, Path]) -> None:
    said = run(**files)

    assert ("no --time-zone" in said.err, Hub.objects.get(tag="ZZ").time_zone) == (True, "UTC")


def test_sizes_in_mb_become_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    run(**files, database=old_database(tmp_path, row(size=1.5)), time_zone="Asia/Taipei")

    assert {seen.size_bytes for seen in TarballSnapshot.objects.all()} == {3 * 2**19}


def test_stamps_are_in_the_zone_that_was_said(files: dict[str, Path], tmp_path: Path) -> None:
    run(**files, database=old_database(tmp_path, row()), time_zone="Asia/Taipei")

    stamps = {seen.stamp_at.isoformat() for seen in TarballSnapshot.objects.all()}
    assert stamps == {"2013-05-09T02:47:01+00:00"}


def test_roots_come_from_the_history(files: dict[str, Path], tmp_path: Path) -> None:
    database = old_database(tmp_path, row(base="/volume1/backup/cms02"))

    run(**files, database=database, time_zone="UTC")

    assert Replica.objects.get(hub__tag="WW").root == "/volume1/backup/cms02"


def test_only_the_latest_of_two_roots_is_looked_at(files: dict[str, Path], tmp_path: Path) -> None:
    rows = row(base="/old/cms02"), row(base="/new/cms02", day="2014-01-01")

    run(**files, database=old_database(tmp_path, *rows), time_zone="UTC")

    enabled = {r.root: r.enabled for r in Replica.objects.filter(hub__tag="WW")}
    assert enabled == {"/old/cms02": False, "/new/cms02": True}


def test_two_hubs_of_one_server_share_its_history(files: dict[str, Path], tmp_path: Path) -> None:
    libfab = files["libfab_cnf"]
    files["monitor_cnf"].write_text(MONITOR + "[C2]\nsrvnode = cms02\n")

    run(monitor_cnf=files["monitor_cnf"], libfab_cnf=libfab, **history(tmp_path, row()))

    holders = {seen.replica.hub.tag for seen in TarballSnapshot.objects.all()}
    assert holders == {"WW", "C2"}


def history(folder: Path, *rows: tuple[Any, ...]) -> dict[str, Any]:
    return {"database": old_database(folder, *rows), "time_zone": "Asia/Taipei"}


def test_history_alone_goes_to_the_replicas_that_are_there(
    files: dict[str, Path], tmp_path: Path
) -> None:
    run(**files, time_zone="Asia/Taipei")

    said = run(**history(tmp_path, row()))

    assert said.out == "1 tarballs added to the history\n"


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (("C:/x/y.gz", "C", "/x", "2013-05-09T10:47:01", 1.0), "the path does not end in"),
        ((*row()[:3], "2013-05-10T10:47:01", 1.0), "is not the stamp in its path"),
        (row(size="big"), "'big' is not a size"),
        (row(size=-1.0), "-1.0 is not a size"),
        (("N:" + row()[0], *row()[1:]), "it does not begin with its node"),
        ((None, "C", "", "", 1.0), "must be texts"),
    ],
)
def test_a_row_that_does_not_fit_is_told(tmp_path: Path, bad: tuple[Any, ...], told: str) -> None:
    table = read_table(old_database(tmp_path, bad))

    assert (told in table.refused[0], table.tarballs) == (True, [])


def test_tarballs_of_no_replica_are_told(files: dict[str, Path], tmp_path: Path) -> None:
    said = run(**files, **history(tmp_path, row(node="X")))

    assert "left out: 1 tarballs of /var/scm/backup/cms02/tracs/env on 'X'" in said.err


def test_a_hub_in_another_zone_is_an_error(files: dict[str, Path], tmp_path: Path) -> None:
    run(**files)

    with pytest.raises(CommandError, match="has time zone UTC") as caught:
        run(**files, **history(tmp_path, row()))

    assert caught.value.returncode == 2


def test_the_old_database_is_not_touched(files: dict[str, Path], tmp_path: Path) -> None:
    database = old_database(tmp_path, row())
    before = database.read_bytes()

    run(**files, database=database, time_zone="UTC")

    assert database.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database at all, but text" * 99])
def test_what_is_no_such_database_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)

    with pytest.raises(CommandError, match=r"x\.db") as caught:
        run(database=tmp_path / "x.db", time_zone="UTC")

    assert caught.value.returncode == 2


def test_a_database_needs_a_zone(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="needs --time-zone"):
        run(database=tmp_path / "x.db")


def test_nothing_to_import_is_wrong_usage() -> None:
    with pytest.raises(CommandError, match="name at least one"):
        run()


def test_a_tag_that_cannot_be_one_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "m.cnf").write_text("[a hub]\nsrvnode = x\n")

    with pytest.raises(CommandError, match="tag: Write letters") as caught:
        run(monitor_cnf=tmp_path / "m.cnf")

    assert (caught.value.returncode, Hub.objects.count()) == (2, 0)


def test_a_server_name_that_leads_elsewhere_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "m.cnf").write_text("[C2]\nsrvnode = ../../etc\n")
    (tmp_path / "l.cnf").write_text("[HUB]\nC2 = C\n")

    with pytest.raises(CommandError, match="root"):
        run(monitor_cnf=tmp_path / "m.cnf", libfab_cnf=tmp_path / "l.cnf")
