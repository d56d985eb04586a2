"""Lines of history that wait on disk until all are known to be right, and come back sorted, whole months together.

Memory stays flat however many lines there are and in whatever order they come: SQLite sorts them, in a temporary
database that goes with its connection.
"""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from probes.look.observation import Observation
from probes.snapshot_csv import Problem

ROWS_AT_ONCE = 2000
CHUNK_ROWS = 5000  # at least, before a chunk ends with its month
CONTRADICTIONS = """
    SELECT first.number, second.number FROM sorted first JOIN sorted second
    ON second.rowid = first.rowid + 1
        AND second.replica_id = first.replica_id AND second.path = first.path
    WHERE (first.size_bytes, first.mtime_at, first.digest)
            IS NOT (second.size_bytes, second.mtime_at, second.digest)
        OR (first.sidecar_size, first.first_seen_at, first.gone_at)
            IS NOT (second.sidecar_size, second.first_seen_at, second.gone_at)
"""


class Chunk(NamedTuple):
    """Tarballs of whole months of one replica; `lines` counts those that were there twice, too."""

    replica_id: int
    tarballs: list[Observation]
    lines: int


class SnapshotSpool:
    """Takes lines in any order; once `sort` was called, gives them by replica and path."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE unsorted (replica_id, path, number,"
            " size_bytes, mtime_at, digest, sidecar_size, first_seen_at, gone_at)"
        )
        self._waiting: list[tuple[Any, ...]] = []
        self.lines = 0

    def close(self) -> None:
        """Give the disk back."""
        self._database.close()

    def add(self, replica_id: int, number: int, tarball: Observation) -> None:
        """Take a line."""
        path, size, mtime_at, digest, sidecar_size, first_seen_at, gone_at = tarball
        times = _text(mtime_at), _text(first_seen_at), _text(gone_at)
        values = size, times[0], digest, sidecar_size, times[1], times[2]
        self._waiting.append((replica_id, path, number, *values))
        self.lines += 1
        if len(self._waiting) == ROWS_AT_ONCE:
            self._write()

    def _write(self) -> None:
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT INTO unsorted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._waiting
            )
        self._waiting = []

    def sort(self) -> None:
        """Sort what was taken."""
        self._write()
        self._database.execute(
            "CREATE TABLE sorted AS SELECT * FROM unsorted ORDER BY replica_id, path, number"
        )
        self._database.execute("DROP TABLE unsorted")

    def contradictions(self) -> Iterator[Problem]:
        """Yield the lines that say something else of a tarball than the line before about the same one."""
        pairs = self._database.execute(CONTRADICTIONS)
        for first, second in pairs:
            yield Problem(second, f"is about the tarball of line {first}, but says something else")

    def replica_ids(self) -> set[int]:
        """Return whose lines there are."""
        rows = self._database.execute("SELECT DISTINCT replica_id FROM sorted")
        return {replica_id for (replica_id,) in rows}

    def chunks(self) -> Iterator[Chunk]:
        """Yield all tarballs, each once."""
        rows = self._database.execute("SELECT * FROM sorted ORDER BY rowid")
        for replica_id, its_rows in groupby(rows, key=itemgetter(0)):
            tarballs, lines = dict[bytes, Observation](), 0
            for _, month in groupby(its_rows, key=_month):
                for _, path, _, *values in month:
                    tarballs[path] = _tarball(path, *values)
                    lines += 1
                if len(tarballs) >= CHUNK_ROWS:
                    yield Chunk(replica_id, list(tarballs.values()), lines)
                    tarballs, lines = {}, 0
            if tarballs:
                yield Chunk(replica_id, list(tarballs.values()), lines)


def _month(row: tuple[Any, ...]) -> bytes:
    """Return the directory of its month, which is all but DD/HHMMSS/file."""
    path: bytes = row[1]
    return path.rsplit(b"/", 3)[0]


def _tarball(
    path: bytes,
    size_bytes: int,
    mtime_at: str | None,
    digest: str,
    sidecar_size_bytes: int | None,
    first_seen_at: str | None,
    gone_at: str | None,
) -> Observation:
    return Observation(
        path,
        size_bytes,
        _moment(mtime_at),
        digest,
        sidecar_size_bytes,
        _moment(first_seen_at),
        _moment(gone_at),
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
