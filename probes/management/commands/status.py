"""`status`: one line a hub, as a Nagios plug-in."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from hubs.commands import WatchCommand
from hubs.models import Hub
from probes.judge.conclusion import Conclusion, conclusions
from probes.management.commands.judge import hubs_asked_for

NAGIOS = {
    "ok": (0, "OK"),
    "warn": (1, "WARNING"),
    "alarm": (2, "CRITICAL"),
    "unknown": (3, "UNKNOWN"),
}
WORST_LAST = ("ok", "warn", "unknown", "alarm")


class Command(WatchCommand):
    """Say how each hub is; what keeps it from doing so is UNKNOWN too, on standard output where Nagios reads it."""

    help = "One line a hub, as a Nagios plug-in: exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hubs", nargs="*", metavar="HUB", help="tags of hubs; none: all")
        self.add_format(parser)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run; wrong usage or configuration is UNKNOWN."""
        try:
            return super().execute(*args, **options)
        except CommandError as problem:
            text = " ".join(str(problem).replace("|", "/").split())
            self.stdout.write(f"UNKNOWN - {text} | hubs=0")
            sys.exit(NAGIOS["unknown"][0])

    def handle(self, **options: Any) -> None:
        hubs = hubs_asked_for(options["hubs"])
        found = conclusions(hubs, timezone.now())
        if options["format"] == "json":
            self.print_json([as_json(hub, found[hub.pk]) for hub in hubs])
        else:
            for hub in hubs:
                self.stdout.write(line(hub, found[hub.pk]))
        states = [conclusion.state for conclusion in found.values()] or ["unknown"]
        if not hubs:
            self.stdout.write("UNKNOWN - no hub is configured | hubs=0")
        sys.exit(NAGIOS[max(states, key=WORST_LAST.index)][0])


def line(hub: Hub, conclusion: Conclusion) -> str:
    """Return a hub's line; `|` begins the performance data, so the text may not hold one."""
    word = NAGIOS[conclusion.state][1]
    text = conclusion.text.replace("|", "/").replace("\n", " ")
    return f"{hub.tag} {word} - {text} | {perfdata(conclusion)}"


def perfdata(conclusion: Conclusion) -> str:
    """Return what a plug-in's performance data may hold: counts, and ages in seconds (U: unknown)."""
    return (
        f"alarms={conclusion.alarms};;1 warns={conclusion.warns};1 notices={conclusion.notices} "
        f"unknown_replicas={conclusion.unknown_replicas};;;0;{conclusion.replicas} "
        f"look_age={_age(conclusion.complete_at)} newest_age={_age(conclusion.newest_stamp_at)}"
    )


def _age(moment: Any) -> str:
    return "U" if moment is None else f"{max(0, int((timezone.now() - moment).total_seconds()))}s"


def as_json(hub: Hub, conclusion: Conclusion) -> dict[str, Any]:
    """Return a hub's state for programs."""
    return {
        "hub": hub.tag,
        "state": conclusion.state,
        "text": conclusion.text,
        "alarms": conclusion.alarms,
        "warns": conclusion.warns,
        "notices": conclusion.notices,
        "replicas": conclusion.replicas,
        "unknown_replicas": conclusion.unknown_replicas,
        "complete_at": conclusion.complete_at,
        "newest_stamp_at": conclusion.newest_stamp_at,
    }
