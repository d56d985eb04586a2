"""`export_config`: prints the inventory as the TOML that `import_config` reads."""

from typing import Any

from hubs.commands import WatchCommand
from hubs.inventory import write
from hubs.inventory_rows import stored_inventory


class Command(WatchCommand):
    """Read the database, print."""

    help = "Print the inventory as TOML: what is not the default, always in the same order."

    def handle(self, **options: Any) -> None:
        self.stdout.write(write(stored_inventory()), ending="")
