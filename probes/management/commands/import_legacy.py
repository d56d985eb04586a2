"""`import_legacy`: brings the original monitor's configuration and history into the database."""

from argparse import ArgumentTypeError
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from hubs import legacy, validators
from hubs.commands import EX_USAGE, WatchCommand
from hubs.inventory import InventoryError, check
from hubs.inventory_rows import Changes, node_tags, store
from hubs.management.commands.import_config import changes_as_lines
from hubs.models import Hub, Replica
from probes.legacy import OldTable, Shares, known_roots, read_table, share_out
from probes.look.ingest import store_history
from probes.pictures import mark_all

MOST_REFUSED_SHOWN = 20


class Command(WatchCommand):
    """Read both files and the table, store what is new, say what was guessed."""

    help = (
        "Bring the original .scm_monitor.cnf, .libfab.cnf and SQLite history into the database. What is there already "
        "is left as it is, so a second run changes nothing. docs/inventory.md says what becomes of each key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--monitor-cnf", type=Path, metavar="FILE")
        parser.add_argument("--libfab-cnf", type=Path, metavar="FILE")
        parser.add_argument("--database", type=Path, metavar="FILE", help="needs --time-zone")
        parser.add_argument(
            "--time-zone",
            type=_time_zone,
            metavar="ZONE",
            help="the zone in which the stamps were written, such as Asia/Taipei",
        )

    def handle(
        self,
        *,
        monitor_cnf: Path | None,
        libfab_cnf: Path | None,
        database: Path | None,
        time_zone: str | None,
        **options: Any,
    ) -> None:
        if not (monitor_cnf or libfab_cnf or database):
            raise CommandError(
                "name at least one of --monitor-cnf, --libfab-cnf, --database", returncode=EX_USAGE
            )
        if database and not time_zone:
            raise CommandError("--database needs --time-zone", returncode=EX_USAGE)
        try:
            found = legacy.read(_text(monitor_cnf), _text(libfab_cnf))
            table = read_table(database) if database else OldTable()
            with transaction.atomic():
                self._store(found, table, time_zone)
        except InventoryError as error:
            problems = "\n".join(error.problems)
            raise CommandError(f"nothing was changed:\n{problems}", returncode=EX_USAGE) from None

    def _store(self, found: legacy.Legacy, table: OldTable, time_zone: str | None) -> None:
        roots = known_roots(found.hubs, table.tarballs)
        for replica in Replica.objects.select_related("hub", "node"):
            stored = roots.setdefault((replica.hub.tag, replica.node.tag), [])
            if (root := replica.root.rstrip("/")) not in stored:
                stored.append(root)
        document, guesses = legacy.document(found, time_zone or "UTC", roots)
        inventory = check(document, node_tags(), "the original files")
        changes = store(inventory, add_only=True)
        warnings = [*found.warnings, *guesses]
        if not time_zone and any(change.what.startswith("hub ") for change in changes.done):
            warnings.append("no --time-zone: the new hubs are in UTC; set their zone before a look")
        replicas = list(Replica.objects.select_related("hub", "node"))
        shares = share_out(table.tarballs, replicas)
        added = self._store_history(shares, replicas, time_zone)
        if added:
            mark_all(Hub.objects.all())
        self._warn(warnings, table, shares)
        self._say(changes, added)

    def _store_history(
        self, shares: Shares, replicas: Iterable[Replica], time_zone: str | None
    ) -> int:
        now, added = timezone.now(), 0
        for replica in replicas:
            if not (observations := shares.observations.get(replica.pk)):
                continue
            if replica.hub.time_zone != time_zone:
                raise InventoryError(
                    [
                        f"hub {replica.hub.tag} has time zone {replica.hub.time_zone}, but its history was "
                        f"said to be in {time_zone}: correct one of them"
                    ]
                )
            added += store_history(replica, observations, now)
        return added

    def _warn(self, warnings: Iterable[str], table: OldTable, shares: Shares) -> None:
        for warning in warnings:
            self.stderr.write(f"warning: {warning}")
        for refused in table.refused[:MOST_REFUSED_SHOWN]:
            self.stderr.write(f"warning: left out: {refused}")
        if (more := len(table.refused) - MOST_REFUSED_SHOWN) > 0:
            self.stderr.write(f"warning: left out: {more} more rows of the table")
        for (node_tag, directory), number in sorted(shares.unclaimed.items()):
            self.stderr.write(
                f"warning: left out: {number} tarballs of {directory} on {node_tag!r}: no hub has a replica there"
            )

    def _say(self, changes: Changes, added: int) -> None:
        lines = changes_as_lines(changes)
        if added:
            lines[-1] = f"{added} tarballs added to the history"
        self.stdout.write("\n".join(lines))


def _text(file: Path | None) -> str:
    """Return the text of a file, empty when none was named; raises InventoryError when it cannot be read."""
    if file is None:
        return ""
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise InventoryError([f"{file}: {problem.strerror or problem}"]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # as files of that time were


def _time_zone(text: str) -> str:
    try:
        validators.time_zone(text)
    except ValidationError as error:
        raise ArgumentTypeError(error.messages[0]) from None
    return text
