"""`export_snapshots`: history as CSV."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from hubs.commands import WatchCommand
from probes.management.commands.judge import hubs_asked_for
from probes.models import TarballSnapshot
from probes.snapshot_csv import written_lines


class Command(WatchCommand):
    """Write the history."""

    help = (
        "Write every tarball ever seen as CSV: the exact bytes of its path relative to the root, times in ISO 8601 "
        "with offset, empty where unknown. `import_snapshots` reads it."
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
        for line in written_lines(snapshots.iterator(chunk_size=5000)):
            self.write_bytes(line)

    def write_bytes(self, line: str) -> None:
        """Write a line whose surrogates stand for bytes that are no UTF-8."""
        stream = getattr(self.stdout, "_out", self.stdout)
        if stream is sys.stdout:
            sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape"))
        else:
            stream.write(line)
