"""`judge`: judges what is stored, and tells people."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from alerts.commands import LoudCommand
from hubs.models import Hub
from probes.management.commands.collect import summary, undelivered
from probes.pipeline import RequestError, draw, judge, select_hubs, tell
from probes.reports import EX_INTERNAL, EX_OK, EX_USAGE, CollectReport, finding_as_json


class Command(LoudCommand):
    """Judge without looking, for when looking has died."""

    help = "Judge what is stored, without looking at any node, and tell people what changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hubs", nargs="*", metavar="HUB", help="tags of hubs; none: all")
        parser.add_argument(
            "--no-alert",
            action="store_true",
            help="tell nobody; the next run without this tells what is found",
        )
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        report = CollectReport(started_at=timezone.now())
        hubs = hubs_asked_for(options["hubs"])
        judge(hubs, report, quiet=options["no_alert"])
        draw(hubs, report, quiet=options["no_alert"])
        if not options["no_alert"]:
            tell(report)
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
        for line in undelivered(report):
            self.stderr.write(line)
        sys.exit(EX_INTERNAL if report.unjudged or report.untold else EX_OK)


def hubs_asked_for(tags: list[str]) -> list[Hub]:
    """Return the hubs a command was asked about; an unknown tag is wrong usage."""
    try:
        return select_hubs(tags)
    except RequestError as problem:
        raise CommandError(str(problem), returncode=EX_USAGE) from None
