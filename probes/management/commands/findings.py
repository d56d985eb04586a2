"""`findings`: lists open findings, or all."""

from typing import Any

from django.core.management.base import CommandParser

from hubs.commands import WatchCommand
from probes.management.commands.judge import hubs_asked_for
from probes.models import Finding
from probes.reports import finding_as_json


class Command(WatchCommand):
    """List findings."""

    help = "List open findings, or all that ever were."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hubs", nargs="*", metavar="HUB", help="tags of hubs; none: all")
        parser.add_argument("--all", action="store_true", help="closed ones too")
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        findings = Finding.objects.filter(hub__in=hubs_asked_for(options["hubs"])).select_related(
            "hub", "replica__node", "repo", "acknowledged_by"
        )
        if not options["all"]:
            findings = findings.open()
        if options["format"] == "json":
            self.print_json([finding_as_json(finding) for finding in findings.iterator()])
            return
        for finding in findings.iterator():
            ended = f" to {finding.closed_at:%Y-%m-%d %H:%M}" if finding.closed_at else ""
            since = f"since {finding.opened_at:%Y-%m-%d %H:%M}{ended} UTC"
            self.stdout.write(
                f"{finding.severity:6} {finding.hub.tag} {finding.code}: {finding.message} ({since})"
            )
