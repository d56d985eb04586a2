"""History as CSV, the format of `export_snapshots` and `import_snapshots`: rows to lines, lines to values.

Pure. Paths are exact bytes: what is no UTF-8 stands in the text as lone surrogates (`surrogateescape`).
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from hubs.names import exact
from probes.look.layout import split_place
from probes.look.observation import Observation

COLUMNS = (
    "hub",
    "node",
    "root",
    "path",
    "size_bytes",
    "mtime_at",
    "sidecar_digest",
    "sidecar_size",
    "first_seen_at",
    "gone_at",
)
FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")
GREATEST_BYTES = (1 << 63) - 1  # what a database holds
LONGEST_NAME_BYTES = 255  # of one directory or file
SHOWN = 60  # characters of a wrong value

SIZE = re.compile(r"[0-9]{1,19}")
DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


# --- Writing -----------------------------------------------------------------------------------


def written_lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Yield the header and a line for each row; its values stand in the order of COLUMNS, the path in text form."""
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for hub, node, root, path, size, mtime_at, digest, sidecar_size, seen_at, gone_at in rows:
        yield _taken(line)
        times = _iso(seen_at), _iso(gone_at)
        about = written_path(path), size, _iso(mtime_at), digest, sidecar_size
        writer.writerow((hub, node, root, *about, *times))
    yield _taken(line)


def written_path(path: str) -> str:
    """Return a path's exact bytes (surrogates for what is no UTF-8); `./` before what a spreadsheet would run."""
    plain = exact(path)
    return f"./{plain}" if plain.startswith(FORMULA_BEGINNINGS) else plain


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


# --- Reading -----------------------------------------------------------------------------------


class Line(NamedTuple):
    """A line that can be understood; whether its replica exists is for others to say."""

    number: int  # of the line in the file on which it begins
    hub: str
    node: str
    root: str  # empty where the line leaves it out
    tarball: Observation


class Problem(NamedTuple):
    """What is wrong with a line."""

    number: int
    text: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.text}"


def read_lines(text: Iterable[str]) -> Iterator[Line | Problem]:
    """Yield each line after the header as its values, or what is wrong with it (each wrong column apart).

    After a wrong header nothing follows. Empty lines are passed over.
    """
    reader = csv.reader(text, strict=True)
    pick: Callable[[list[str]], tuple[str, ...]] | None = None
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as problem:
            yield Problem(number, f"not CSV: {problem}")
            continue
        if row is None:
            break
        if not row:
            continue
        if pick is None:
            if problems := _header_problems(row):
                yield from (Problem(number, problem) for problem in problems)
                return
            pick = itemgetter(*(row.index(column) for column in COLUMNS))
        elif len(row) != len(COLUMNS):
            yield Problem(number, f"{len(row)} columns, but the header has {len(COLUMNS)}")
        else:
            yield from _read(number, *pick(row))
    if pick is None:
        yield Problem(1, "there is no header")


def _header_problems(row: list[str]) -> list[str]:
    missing = [column for column in COLUMNS if column not in row]
    unknown = [column for column in dict.fromkeys(row) if column not in COLUMNS]
    twice = [column for column in COLUMNS if row.count(column) > 1]
    return (
        [f"the column {column} is missing" for column in missing]
        + [f"there is no column {_shown(column)}" for column in unknown]
        + [f"the column {column} is there twice" for column in twice]
    )


def _read(
    number: int,
    hub: str,
    node: str,
    root: str,
    path: str,
    size: str,
    mtime: str,
    digest: str,
    sidecar_size: str,
    first_seen: str,
    gone: str,
) -> Iterator[Line | Problem]:
    try:
        tarball = Observation(
            _path(path),
            _size(size),
            _moment(mtime),
            _digest(digest),
            _size(sidecar_size) if sidecar_size else None,
            _moment(first_seen),
            _moment(gone),
        )
    except ValueError:
        values = path, size, mtime, digest, sidecar_size, first_seen, gone
        yield from (Problem(number, text) for text in _problems(*values))
        return
    if tarball.gone_at and tarball.first_seen_at and tarball.gone_at < tarball.first_seen_at:
        yield Problem(number, "gone_at is before first_seen_at")
        return
    yield Line(number, hub, node, root, tarball)


def _problems(
    path: str, size: str, mtime: str, digest: str, sidecar_size: str, first_seen: str, gone: str
) -> Iterator[str]:
    """Yield what is wrong with the values of a line, all of it."""
    readings: list[tuple[str, Callable[[str], Any], str]] = [
        ("path", _path, path),
        ("size_bytes", _size, size),
        ("mtime_at", _moment, mtime),
        ("sidecar_digest", _digest, digest),
        ("sidecar_size", _size, sidecar_size or "0"),
        ("first_seen_at", _moment, first_seen),
        ("gone_at", _moment, gone),
    ]
    for column, read, value in readings:
        try:
            read(value)
        except ValueError as problem:
            yield f"{column}: {_shown(value)} {problem}"


def _path(text: str) -> bytes:
    path = text.removeprefix("./").encode("utf-8", "surrogateescape")
    parts = path.split(b"/")
    if b"" in parts or b"." in parts or b".." in parts or b"\0" in path:
        raise ValueError("is not a plain path relative to the root")
    if max(map(len, parts)) > LONGEST_NAME_BYTES:
        raise ValueError(f"has a name of more than {LONGEST_NAME_BYTES} bytes")
    if split_place(path) is None:
        raise ValueError("does not end in category/name/YYYY/MM/DD/HHMMSS/file")
    return path


def _size(text: str) -> int:
    if not SIZE.fullmatch(text) or int(text) > GREATEST_BYTES:
        raise ValueError(f"is not a whole number of bytes from 0 to {GREATEST_BYTES}")
    return int(text)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        has_offset = moment.tzinfo is not None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a time in ISO 8601, such as 2024-05-15T10:47:01+00:00") from None
    if not has_offset:
        raise ValueError("has no offset: write for instance 2024-05-15T10:47:01+00:00")
    return moment


def _digest(text: str) -> str:
    digest = text.lower()
    if digest and not DIGEST.fullmatch(digest):
        raise ValueError("is neither 32 (md5) nor 64 (sha256) hexadecimal digits")
    return digest


def _shown(value: str) -> str:
    return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}…")
