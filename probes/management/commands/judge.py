"""`judge`: judges what is stored."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from hubs.commands import WatchCommand
from hubs.models import Hub
from probes.management.commands.collect import summary
from probes.pipeline import RequestError, judge, select_hubs
from probes.reports import EX_INTERNAL, EX_OK, EX_USAGE, CollectReport, finding_as_json


class Command(WatchCommand):
    """Judge without looking, for when looking has died."""

    help = "Judge what is stored, without looking at any node."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hubs", nargs="*", metavar="HUB", help="tags of hubs; none: all")
        parser.add_argument("--no-alert", action="store_true", help="tell nobody")
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        report = CollectReport(started_at=timezone.now())
        judge(hubs_asked_for(options["hubs"]), report)
        if options["format"] == "json":
            self.print_json(
                {
                    "opened": [finding_as_json(finding) for finding in report.opened],
                    "closed": [finding_as_json(finding) for finding in report.closed],
                    "open": report.open_counts,
                }
            )
        elif options["verbosity"] or report.opened or report.closed or report.unjudged:
            self.stdout.write("\n".join(summary(report)[1:]))
        sys.exit(EX_INTERNAL if report.unjudged else EX_OK)


def hubs_asked_for(tags: list[str]) -> list[Hub]:
    """Return the hubs a command was asked about; an unknown tag is wrong usage."""
    try:
        return select_hubs(tags)
    except RequestError as problem:
        raise CommandError(str(problem), returncode=EX_USAGE) from None
