"""`backtest`: what the rules would have said at each look in the past."""

import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from hubs.commands import EX_USAGE, WatchCommand
from hubs.durations import parse_duration
from hubs.moments import parse_moment
from hubs.overrides import OverrideError, overrides_from
from probes.judge.backtest import backtest
from probes.management.commands.judge import hubs_asked_for
from probes.preview_trial import SHORTEST_STEP
from probes.reports import finding_as_json


class Command(WatchCommand):
    """Replay the rules over the stored past of a hub."""

    help = (
        "Replay the rules over the stored past of a hub and tell what they would have found; nothing is stored. "
        "Each look of the replay is complete, unless a stored one of that time was not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hub", metavar="HUB", help="tag of the hub")
        parser.add_argument(
            "--since",
            required=True,
            metavar="DATE",
            help="YYYY-MM-DD in the hub's zone, or ISO 8601",
        )
        parser.add_argument("--until", metavar="DATE", help="likewise; now, when it is not given")
        parser.add_argument("--every", default="6h", help="time from one look to the next (6h)")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            dest="assignments",
            help="try another limit for all repos of the hub, such as grace=3h; may be given again",
        )
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        (hub,) = hubs_asked_for([options["hub"]])
        since = moment_of(options["since"], hub.zone)
        until = moment_of(options["until"], hub.zone) if options["until"] else timezone.now()
        if until < since:
            raise CommandError("--until is before --since", returncode=EX_USAGE)
        try:
            every, overrides = (
                parse_duration(options["every"]),
                overrides_from(options["assignments"]),
            )
        except (ValueError, OverrideError) as problem:
            raise CommandError(str(problem), returncode=EX_USAGE) from None
        if every < SHORTEST_STEP:
            raise CommandError("--every must be a minute or more", returncode=EX_USAGE)
        found = backtest(hub, since, until, every, overrides, self._progress)
        if options["format"] == "json":
            told = [finding_as_json(finding) for finding in found.findings]
            self.print_json({"looks": found.looks, "findings": told})
            return
        for finding in found.findings:
            ended = f"{finding.closed_at:%Y-%m-%d %H:%M}" if finding.closed_at else "the end"
            self.stdout.write(
                f"{finding.severity:6} {finding.code}: {finding.message} "
                f"(from {finding.opened_at:%Y-%m-%d %H:%M} to {ended} UTC)"
            )
        self.stdout.write(f"{found.looks} looks, {len(found.findings)} findings")

    def _progress(self, done: int, all_of_them: int) -> None:
        if sys.stderr.isatty() and (done % 20 == 0 or done == all_of_them):
            end = "\n" if done == all_of_them else ""
            self.stderr.write(f"\r{done} of {all_of_them} looks", ending=end)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment that a date or time means, in the zone where it names none; raises CommandError."""
    try:
        return parse_moment(text, zone)
    except ValueError as problem:
        raise CommandError(str(problem), returncode=EX_USAGE) from None
