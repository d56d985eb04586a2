"""`import_snapshots` takes what `export_snapshots` gives: all of it, once, and nothing when a line is wrong."""

import csv
import io
import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from hubs.models import Hub, Replica, Repo
from hubs.names import key, to_bytes, to_text
from probes import snapshot_spool
from probes.draw.series import plot
from probes.locks import locked_replicas
from probes.look.ingest import store_history
from probes.management.commands import import_snapshots
from probes.models import RepoMonth, SidecarState, TarballSnapshot
from probes.snapshot_csv import COLUMNS, Line, Problem, read_lines
from tests.estate import DAY, HOUR, NOW, lay_snapshots, make_hub, make_replica
from tests.test_look_names import HOSTILE_NAMES

Import = Callable[..., dict[str, int]]

MD5, SHA256 = "0f" * 16, "0f" * 32


def row(day: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a line as a dictionary, of a tarball of that day of May 2024."""
    return {
        "hub": "H",
        "node": "vault",
        "root": "/backup/H",
        "path": f"tracs/env/2024/05/{day:02}/021500/env.tar.gz",
        "size_bytes": 1000 + day,
        "mtime_at": f"2024-05-{day:02}T02:20:00+00:00",
        "sidecar_digest": "",
        "sidecar_size": "",
        "first_seen_at": f"2024-05-{day:02}T03:00:00+00:00",
        "gone_at": "",
    } | fields


def as_csv(*rows: dict[str, Any], columns: tuple[str, ...] = COLUMNS) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(text: str) -> list[Line | Problem]:
    return list(read_lines(io.StringIO(text, newline="")))


def told(text: str) -> list[str]:
    return [str(line) for line in read(text) if isinstance(line, Problem)]


def exported() -> str:
    out = io.StringIO(newline="")
    call_command("export_snapshots", stdout=out)
    return out.getvalue()


@pytest.fixture
def vault(db: None) -> Replica:
    return make_replica(make_hub())


@pytest.fixture
def take(tmp_path: Path) -> Import:
    """Import a text, or rows, and give what came of it."""

    def take(*rows: dict[str, Any], text: str = "") -> dict[str, int]:
        file, out = tmp_path / "history.csv", io.StringIO()
        file.write_bytes((text or as_csv(*rows)).encode("utf-8", "surrogateescape"))
        call_command("import_snapshots", str(file), format="json", stdout=out)
        return json.loads(out.getvalue())  # type: ignore[no-any-return]

    return take


def refused(take: Import, *rows: dict[str, Any], text: str = "") -> list[str]:
    """Import what is wrong and give what is told, by line."""
    with pytest.raises(CommandError, match="nothing was stored") as caught:
        take(*rows, text=text)
    assert caught.value.returncode == 2
    return str(caught.value).splitlines()[1:]


# --- Lines, read -------------------------------------------------------------------------------


def test_columns_may_be_in_any_order() -> None:
    backwards = tuple(reversed(COLUMNS))

    assert read(as_csv(row(), columns=backwards)) == read(as_csv(row()))


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("hub,node", "line 1: the column root is missing"),
        (",".join([*COLUMNS, "colour"]), "line 1: there is no column 'colour'"),
        (",".join([*COLUMNS, "hub"]), "line 1: the column hub is there twice"),
        ("", "line 1: there is no header"),
    ],
)
def test_a_header_that_is_not_ours_is_told(header: str, problem: str) -> None:
    assert problem in told(header)


@pytest.mark.parametrize("path", ["=cmd/x", "+1/x", "-1/x", "@a/x", "tracs/env"])
def test_a_dot_before_a_path_is_taken_away(path: str) -> None:
    (line,) = read(as_csv(row(path=f"./{path}/2024/05/01/021500/f")))

    assert isinstance(line, Line)
    assert line.tarball.path == f"{path}/2024/05/01/021500/f".encode()


def test_times_are_taken_in_any_offset() -> None:
    (line,) = read(as_csv(row(mtime_at="2024-05-01T10:20:00+08:00")))

    assert isinstance(line, Line)
    assert line.tarball.mtime_at == datetime(2024, 5, 1, 2, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"size_bytes": "-1"}, "size_bytes: '-1' is not a whole number"),
        ({"size_bytes": ""}, "size_bytes: '' is not a whole number"),
        ({"size_bytes": "1e3"}, "is not a whole number"),
        ({"size_bytes": "1_000"}, "is not a whole number"),
        ({"size_bytes": str(2**63)}, "from 0 to 9223372036854775807"),
        ({"sidecar_size": "-1"}, "sidecar_size: '-1' is not a whole number"),
        ({"mtime_at": "2024-05-01T02:20:00"}, "mtime_at: '2024-05-01T02:20:00' has no offset"),
        ({"first_seen_at": "2024-05-01"}, "first_seen_at: '2024-05-01' has no offset"),
        ({"gone_at": "yesterday"}, "gone_at: 'yesterday' is not a time"),
        ({"gone_at": "0001-01-01T00:00:00+09:00"}, "is not a time"),
        ({"gone_at": "2024-04-30T00:00:00Z"}, "gone_at is before first_seen_at"),
        ({"sidecar_digest": "abc"}, "sidecar_digest: 'abc' is neither 32 (md5) nor 64 (sha256)"),
        ({"path": "tracs/env/env.tar.gz"}, "does not end in category/name/YYYY/MM/DD/HHMMSS/file"),
        ({"path": "tracs/env/2024/02/30/021500/f"}, "does not end in category/name"),
        ({"path": "/backup/H/tracs/env/2024/05/01/021500/f"}, "is not a plain path relative"),
        ({"path": "../tracs/env/2024/05/01/021500/f"}, "is not a plain path relative"),
        ({"path": "tracs/env/2024/05/01/021500/\0"}, "is not a plain path relative"),
        ({"path": f"tracs/{'e' * 256}/2024/05/01/021500/f"}, "a name of more than 255 bytes"),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_column(
    fields: dict[str, Any], problem: str
) -> None:
    (text,) = told(as_csv(row(1), row(2, **fields)))

    assert text.startswith("line 3: ")
    assert problem in text


def test_every_wrong_column_of_a_line_is_told() -> None:
    problems = told(as_csv(row(size_bytes="much", mtime_at="soon")))

    assert [problem.split(":")[1].strip() for problem in problems] == ["size_bytes", "mtime_at"]


def test_a_line_with_too_few_columns_is_told_and_the_next_one_read() -> None:
    first, *rest = as_csv(row()).splitlines(keepends=True)

    lines = read("".join([first, "H,vault\r\n", *rest]))

    assert [type(line) for line in lines] == [Problem, Line]


def test_a_line_with_a_new_line_in_a_name_is_counted_from_where_it_begins() -> None:
    odd = row(1, path="tracs/env/2024/05/01/021500/a\nb")

    assert told(as_csv(odd, row(2, size_bytes="x")))[0].startswith("line 4:")


def test_a_file_that_was_cut_off_in_a_quoted_name_is_told() -> None:
    text = as_csv(row(), row(2, path="tracs/env/2024/05/01/021500/a\nb"))

    assert told(text[: text.index("\nb")])[0].startswith("line 3: not CSV")


def test_empty_lines_are_passed_over() -> None:
    assert len(read(as_csv(row()) + "\r\n\r\n")) == 1


# --- What is stored ----------------------------------------------------------------------------


def test_what_comes_in_is_stored(vault: Replica, take: Import) -> None:
    assert take(row(sidecar_digest=MD5, sidecar_size=7)) == {"lines": 1, "new": 1, "known": 0}

    (stored,) = TarballSnapshot.objects.all()
    assert (stored.stamp_text, stored.size_bytes) == ("2024/05/01/021500", 1001)
    assert (stored.sidecar_kind, stored.sidecar_digest, stored.sidecar_size_bytes) == (
        "dna",
        MD5,
        7,
    )
    assert stored.first_seen_at == datetime(2024, 5, 1, 3, tzinfo=UTC)


def test_a_second_import_changes_nothing(vault: Replica, take: Import) -> None:
    rows = [row(day) for day in (1, 2, 3)]
    take(*rows)
    before = exported(), list(RepoMonth.objects.values())

    assert take(*rows) == {"lines": 3, "new": 0, "known": 3}
    assert (exported(), list(RepoMonth.objects.values())) == before


def test_more_of_a_month_joins_what_is_there(vault: Replica, take: Import) -> None:
    take(row(1), row(3))

    assert take(row(1), row(2), row(3)) == {"lines": 3, "new": 1, "known": 2}
    (month,) = RepoMonth.objects.all()
    assert (month.day_counts, month.tarballs, month.size_bytes) == (
        {"1": 1, "2": 1, "3": 1},
        3,
        3006,
    )


def test_what_is_stored_wins_over_an_import(vault: Replica, take: Import) -> None:
    take(row())

    assert take(row(size_bytes=1, gone_at="2024-05-09T00:00:00Z"))["known"] == 1
    (stored,) = TarballSnapshot.objects.all()
    assert (stored.size_bytes, stored.gone_at) == (1001, None)


def test_a_digest_of_64_digits_is_of_a_sha256_sidecar(vault: Replica, take: Import) -> None:
    take(row(sidecar_digest=SHA256.upper()))

    (stored,) = TarballSnapshot.objects.all()
    assert (stored.sidecar_kind, stored.sidecar_digest) == ("sha256", SHA256)


def test_a_tarball_of_which_no_sidecar_is_told_has_none(vault: Replica, take: Import) -> None:
    take(row())

    (stored,) = TarballSnapshot.objects.all()
    assert (stored.sidecar_kind, stored.sidecar_state) == ("", SidecarState.ABSENT)


@pytest.mark.parametrize(
    ("fields", "first_seen"),
    [
        ({}, datetime(2024, 5, 1, 2, 20, tzinfo=UTC)),
        ({"mtime_at": ""}, datetime(2024, 5, 1, 2, 15, tzinfo=UTC)),
        ({"mtime_at": "2024-05-01T01:00:00Z"}, datetime(2024, 5, 1, 2, 15, tzinfo=UTC)),
        ({"gone_at": "2024-05-01T02:17:00Z"}, datetime(2024, 5, 1, 2, 17, tzinfo=UTC)),
    ],
)
def test_when_a_tarball_was_first_seen_is_estimated_where_nobody_knows(
    vault: Replica, take: Import, fields: dict[str, Any], first_seen: datetime
) -> None:
    take(row(first_seen_at="", **fields))

    assert TarballSnapshot.objects.get().first_seen_at == first_seen


def test_nothing_is_estimated_to_be_seen_later_than_now(vault: Replica, take: Import) -> None:
    take(row(first_seen_at="", mtime_at="2999-01-01T00:00:00Z"))

    assert TarballSnapshot.objects.get().first_seen_at <= timezone.now()


def test_stamps_are_read_in_the_zone_of_the_hub(db: None, take: Import) -> None:
    make_replica(make_hub(zone="Asia/Taipei"))

    take(row())

    assert TarballSnapshot.objects.get().stamp_at == datetime(2024, 4, 30, 18, 15, tzinfo=UTC)


def test_a_plot_shows_what_was_imported(vault: Replica, take: Import) -> None:
    take(row(1), row(2), row(9, gone_at="2024-05-10T00:00:00Z"))

    drawn = plot(vault, "1m", NOW)

    assert [size for _, size in drawn.sizes[0].points] == [1001, 1002, 1009]


def test_a_line_that_is_there_twice_is_one_tarball(vault: Replica, take: Import) -> None:
    assert take(row(), row(2), row()) == {"lines": 3, "new": 2, "known": 1}


def test_the_order_of_lines_makes_no_difference(
    vault: Replica, take: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_spool, "CHUNK_ROWS", 10)
    monkeypatch.setattr(snapshot_spool, "ROWS_AT_ONCE", 7)
    rows = [
        row(day, path=f"tracs/{repo}/2024/{month:02}/{day:02}/021500/x.tar.gz")
        for repo in ("a", "b")
        for month in (1, 2)
        for day in range(1, 14)
    ]
    random.Random(1).shuffle(rows)

    take(*rows)

    assert TarballSnapshot.objects.count() == 52
    assert set(RepoMonth.objects.values_list("tarballs", flat=True)) == {13}


def test_standard_input_is_read(vault: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO(as_csv(row()).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))

    call_command("import_snapshots", "-", verbosity=0)

    assert TarballSnapshot.objects.count() == 1


def test_a_file_that_a_spreadsheet_saved_is_read(vault: Replica, take: Import) -> None:
    assert take(text="\ufeff" + as_csv(row()))["new"] == 1


def test_people_are_told_what_was_new_by_replica(vault: Replica, tmp_path: Path) -> None:
    out = io.StringIO()
    (tmp_path / "h.csv").write_text(as_csv(row(1), row(2)))

    call_command("import_snapshots", str(tmp_path / "h.csv"), stdout=out)

    assert out.getvalue().splitlines() == [
        "H on vault, /backup/H: 2 new, 0 known already",
        "2 lines: 2 new, 0 known already",
    ]


# --- What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"hub": "X"}, "line 3: there is no hub 'X' with replicas"),
        ({"node": "attic"}, "line 3: hub H has no replica on a node 'attic'"),
        ({"root": "/other"}, "line 3: hub H has no root '/other' on vault, but /backup/H"),
    ],
)
def test_history_of_what_is_not_watched_names_the_line(
    vault: Replica, take: Import, fields: dict[str, Any], problem: str
) -> None:
    assert refused(take, row(1), row(2, **fields)) == [problem]


@pytest.mark.parametrize("root", ["", "/backup/H/"])
def test_a_root_may_be_left_out_or_end_in_a_slash(vault: Replica, take: Import, root: str) -> None:
    assert take(row(root=root))["new"] == 1


def test_a_root_may_not_be_left_out_where_there_are_two(vault: Replica, take: Import) -> None:
    make_replica(vault.hub, root="/second")

    (problem,) = refused(take, row(root=""))

    assert problem.startswith("line 2: hub H has several roots on vault: name one of")


def test_nothing_is_stored_when_any_line_is_wrong(vault: Replica, take: Import) -> None:
    refused(take, *[row(day) for day in range(1, 20)], row(20, size_bytes="x"))

    assert not TarballSnapshot.objects.exists()
    assert not Repo.objects.exists()


def test_the_first_twenty_wrong_lines_are_named_and_the_others_counted(
    vault: Replica, take: Import
) -> None:
    lines = refused(take, *[row(size_bytes="x") for _ in range(23)])

    assert lines[0].startswith("line 2:")
    assert lines[19].startswith("line 21:")
    assert lines[20:] == ["and 3 more"]


def test_two_lines_that_contradict_each_other_are_named(vault: Replica, take: Import) -> None:
    lines = refused(take, row(), row(2), row(gone_at="2024-06-01T00:00:00Z"))

    assert lines == ["line 4: is about the tarball of line 2, but says something else"]


def test_a_file_that_is_not_there_is_wrong_usage(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as caught:
        call_command("import_snapshots", str(tmp_path / "none.csv"))

    assert caught.value.returncode == 2


def test_nothing_is_stored_while_another_run_looks(vault: Replica, take: Import) -> None:
    with (
        locked_replicas([vault.pk]),
        pytest.raises(CommandError, match="another run is at H on vault") as caught,
    ):
        take(row())

    assert (caught.value.returncode, TarballSnapshot.objects.count()) == (75, 0)


def test_an_import_that_was_interrupted_is_finished_by_running_it_again(
    vault: Replica, take: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(day, path=f"svn/{day}/2024/05/01/021500/x.tar.gz") for day in range(1, 9)]
    with monkeypatch.context() as patched:
        patched.setattr(snapshot_spool, "CHUNK_ROWS", 1)
        patched.setattr(import_snapshots, "store_history", interrupted_after(3))
        with pytest.raises(CommandError, match="run it again") as caught:
            take(*rows)

    assert caught.value.returncode == 130
    assert take(*rows) == {"lines": 8, "new": 5, "known": 3}


def interrupted_after(calls: int) -> Callable[..., int]:
    """Return a way to store history that somebody ends with Ctrl-C after some calls."""
    left = iter(range(calls))

    def store(*args: Any) -> int:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return store_history(*args)

    return store


# --- There and back ----------------------------------------------------------------------------


def lay_history(hub: Hub) -> None:
    """Store what is odd about history on two replicas of a hub."""
    vault, attic = make_replica(hub), make_replica(hub, "attic", "copy", root="/odd root, €/x")
    lay_snapshots(vault, "tracs/env", [NOW - n * DAY for n in range(3)])
    lay_snapshots(attic, "svn/a", [NOW], gone_at=NOW + HOUR, sidecar_state="absent", mtime_at=None)
    lay_snapshots(attic, "svn/b", [NOW], sidecar_digest=SHA256, sidecar_size_bytes=None)
    lay_snapshots(attic, "svn/c", [NOW], sidecar_digest="", sidecar_size_bytes=5)
    lay_snapshots(attic, "svn/d", [NOW], size_bytes=2**63 - 1)
    for number, name in enumerate([*HOSTILE_NAMES, b"=cmd", b"-x", b"\tx", b"@SUM(A1)"]):
        lay_odd(vault, b"%b/a/2024/05/14/%06d/f" % (name, number))
        lay_odd(vault, b"folders/%b/2024/05/14/%06d/f" % (name, number))
        lay_odd(vault, b"folders/b/2024/05/14/%06d/%b" % (number, name))
    lay_odd(vault, b"=deeper/svn/a/2024/05/14/000000/f")


def lay_odd(replica: Replica, path: bytes) -> None:
    *_, category, name, year, month, day, time, _ = map(to_text, path.split(b"/"))
    stamp_at = datetime.strptime(f"{year}{month}{day}{time}+0000", "%Y%m%d%H%M%S%z")
    (snapshot,) = lay_snapshots(replica, f"{category}/{name}", [stamp_at])
    text = to_text(path)
    TarballSnapshot.objects.filter(pk=snapshot.pk).update(path=text, path_key=key(text))


def forget_history() -> None:
    TarballSnapshot.objects.all().delete()
    RepoMonth.objects.all().delete()
    Repo.objects.all().delete()


def test_history_comes_back_as_the_same_bytes(db: None, take: Import) -> None:
    lay_history(make_hub())
    lay_history(make_hub("Z9:2"))
    before = exported()
    stored = TarballSnapshot.objects.count()
    forget_history()

    assert take(text=before) == {"lines": stored, "new": stored, "known": 0}
    assert exported() == before


def test_paths_come_back_as_the_same_bytes(db: None, take: Import) -> None:
    lay_history(make_hub())
    paths = sorted(map(to_bytes, TarballSnapshot.objects.values_list("path", flat=True)))
    text = exported()
    forget_history()

    take(text=text)

    stored = TarballSnapshot.objects.values_list("path", "path_key")
    assert sorted(to_bytes(path) for path, _ in stored) == paths
    assert all(path_key == key(path) for path, path_key in stored)
