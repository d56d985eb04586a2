"""`setup_schedule`: the work queue's schedules."""

from typing import Any

from hubs.commands import WatchCommand
from probes.tasks import set_up_schedules


class Command(WatchCommand):
    """Make the schedules; run twice, change nothing."""

    help = "Make the work queue's schedules. Running it again changes nothing."

    def handle(self, **options: Any) -> None:
        changed = set_up_schedules()
        self.stdout.write("\n".join(changed) or "no changes")
