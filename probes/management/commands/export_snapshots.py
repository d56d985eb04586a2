"""`export_snapshots`: history as CSV."""

import csv
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from hubs.commands import WatchCommand
from hubs.names import to_bytes
from probes.management.commands.judge import hubs_asked_for
from probes.models import TarballSnapshot

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


class Command(WatchCommand):
    """Write the history."""

    help = (
        "Write every tarball ever seen as CSV: the exact bytes of its path relative to the root, times in ISO 8601 "
        "with offset, empty where unknown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hubs", nargs="*", metavar="HUB", help="tags of hubs; none: all")

    def handle(self, **options: Any) -> None:
        snapshots = (
            TarballSnapshot.objects.filter(replica__hub__in=hubs_asked_for(options["hubs"]))
            .order_by("replica__hub__tag", "replica", "repo", "stamp_at", "path")
            .values_list(
                "replica__hub__tag",
                "replica__node__tag",
                "replica__root",
                "path",
                "size_bytes",
                "mtime_at",
                "sidecar_digest",
                "sidecar_size_bytes",
                "first_seen_at",
                "gone_at",
            )
        )
        for line in lines(snapshots.iterator(chunk_size=5000)):
            self.write_bytes(line)

    def write_bytes(self, line: str) -> None:
        """Write a line whose surrogates stand for bytes that are no UTF-8."""
        stream = getattr(self.stdout, "_out", self.stdout)
        if stream is sys.stdout:
            sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape"))
        else:
            stream.write(line)


def lines(rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """Yield the header and a line of CSV for each row."""
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for hub, node, root, path, size, mtime_at, digest, sidecar_size, seen_at, gone_at in rows:
        yield _taken(line)
        times = _iso(seen_at), _iso(gone_at)
        about = exact_path(path), size, _iso(mtime_at), digest, sidecar_size
        writer.writerow((hub, node, root, *about, *times))
    yield _taken(line)


def exact_path(path: str) -> str:
    """Return a path's exact bytes (surrogates for what is no UTF-8); `./` before what a spreadsheet would run."""
    exact = to_bytes(path).decode("utf-8", "surrogateescape")
    return f"./{exact}" if exact.startswith(FORMULA_BEGINNINGS) else exact


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text
