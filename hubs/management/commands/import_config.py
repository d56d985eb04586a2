"""`import_config`: brings an inventory file into the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from hubs.commands import EX_USAGE, WatchCommand
from hubs.inventory import InventoryError, read_file
from hubs.inventory_rows import Changes, hub_tags, node_tags, store

SIGNS = {"added": "+", "changed": "~", "deleted": "-"}


class Command(WatchCommand):
    """Read, check, store, say what changed."""

    help = (
        "Bring an inventory file (TOML, docs/inventory.md) into the database. With any mistake in it nothing is "
        "applied and the exit code is 2. Nothing is deleted without --prune."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.toml")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument(
            "--prune",
            action="store_true",
            help="delete hubs, nodes and replicas that the file does not hold, with their history",
        )
        self.add_format(parser)

    def handle(
        self,
        *,
        file: Path,
        dry_run: bool,
        prune: bool,
        format: str,  # noqa: A002
        **options: Any,
    ) -> None:
        try:
            # What is not in the file will be gone after pruning.
            known = {} if prune else {"known_nodes": node_tags(), "known_hubs": hub_tags()}
            inventory = read_file(file, **known)
        except InventoryError as error:
            problems = "\n".join(error.problems)
            raise CommandError(f"nothing was changed:\n{problems}", returncode=EX_USAGE) from None
        if prune and not inventory.nodes and not inventory.hubs:
            raise CommandError(
                f"{file} is empty: --prune would delete everything", returncode=EX_USAGE
            )
        changes = store(inventory, prune=prune, dry_run=dry_run)
        if format == "json":
            self.print_json(changes.as_json() | {"dry_run": dry_run})
        else:
            self.stdout.write("\n".join(changes_as_lines(changes, dry_run=dry_run)))


def changes_as_lines(changes: Changes, *, dry_run: bool = False) -> list[str]:
    """Return what an import did, for people."""
    lines = []
    for change in changes.done:
        lines.append(f"{SIGNS[change.action]} {change.what}")
        lines += [f"    {detail}" for detail in change.details]
    lines += [f"not in the file, kept: {what} (use --prune to delete)" for what in changes.kept]
    actions = [change.action for change in changes.done]
    counts = [f"{actions.count(action)} {action}" for action in SIGNS if action in actions]
    lines.append((", ".join(counts) or "no changes") + (" (dry run)" if dry_run else ""))
    return lines
