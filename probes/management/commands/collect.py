"""`collect`: looks at every enabled replica at once, stores, judges, tells."""

import signal
import sys
from types import FrameType
from typing import Any

from django.core.management.base import CommandError, CommandParser

from alerts.commands import LoudCommand
from alerts.delivery import Round
from probes.models import CollectRun
from probes.pipeline import CollectRequest, RequestError, StopLooking, collect, select_replicas
from probes.reports import EX_FINDINGS, EX_OK, EX_USAGE, CollectReport
from probes.tasks import queue_looks


class Command(LoudCommand):
    """Look, store, judge, tell; say what came of it."""

    help = (
        "Look at every enabled replica at once, store what was seen, judge it, tell people what changed. Exits with 0 when every replica was "
        "listed completely, 3 when some was not, 4 when none was, 75 when another run is looking at all of them, "
        "2 on wrong usage, 128+N when ended by signal N."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hubs", nargs="*", metavar="HUB", help="tags of hubs; none: all")
        parser.add_argument("--node", action="append", default=[], metavar="TAG", dest="nodes")
        parser.add_argument("--full", action="store_true", help="walk every month, not the newest")
        parser.add_argument("--workers", type=int, help="nodes side by side")
        parser.add_argument(
            "--no-alert",
            action="store_true",
            help="tell nobody; the next run without this tells what is found",
        )
        parser.add_argument("--queue", action="store_true", help="let the work queue look")
        parser.add_argument(
            "--fail-on", choices=["warn", "alarm"], help="exit with 5 when one is open"
        )
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        if options["workers"] is not None and options["workers"] < 1:
            raise CommandError("--workers must be 1 or more", returncode=EX_USAGE)
        request = CollectRequest(
            options["hubs"],
            options["nodes"],
            options["full"],
            options["workers"] or 0,
            options["no_alert"],
        )
        try:
            if options["queue"]:
                self.queue(request, options["format"])
                return
            report = self.collect(request, int(options["verbosity"]))
        except RequestError as problem:
            raise CommandError(str(problem), returncode=EX_USAGE) from None
        except StopLooking as stop:
            raise CommandError(
                f"ended by signal {stop.number}; what was complete is stored",
                returncode=128 + stop.number,
            ) from None
        exit_code = report.exit_code
        if exit_code == EX_OK and options["fail_on"] and report.has_open(options["fail_on"]):
            exit_code = EX_FINDINGS
        if options["format"] == "json":
            self.print_json(report.as_json(exit_code))
        elif options["verbosity"] or exit_code != EX_OK or report.opened or report.closed:
            self.stdout.write("\n".join(summary(report)))
        for line in undelivered(report):
            self.stderr.write(line)
        sys.exit(exit_code)

    def queue(self, request: CollectRequest, output_format: str) -> None:
        """Hand the looks to the work queue."""
        replicas = select_replicas(request)
        batch = queue_looks(
            [replica.pk for replica in replicas], full=request.full, quiet=request.quiet
        )
        if output_format == "json":
            self.print_json({"queued": len(replicas), "batch": batch})
        else:
            self.stdout.write(f"queued {len(replicas)} looks; `manage.py qcluster` works on them")

    def collect(self, request: CollectRequest, verbosity: int) -> CollectReport:
        """Look, showing progress on standard error; signals raise StopLooking."""
        total, shown = len(select_replicas(request)), 0

        def progress(run: CollectRun) -> None:
            nonlocal shown
            shown += 1
            if verbosity:
                self.stderr.write(f"[{shown}/{total}] {run_line(run)}")

        previous = {
            number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            return collect(request, progress)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise StopLooking(number)


def run_line(run: CollectRun) -> str:
    """Return what came of one look, for people."""
    told = f"{run.replica}: {run.status}"
    if run.error:
        return f"{told}: {run.error}"
    kind = "all" if run.full else "the newest months"
    moved = ", ".join(
        f"{number} {word}"
        for number, word in ((run.new, "new"), (run.changed, "changed"), (run.gone, "gone"))
        if number
    )
    return (
        f"{told}, {run.seen} tarballs in {kind}, {moved or 'no change'}, {run.seconds or 0:.1f} s"
    )


def summary(report: CollectReport) -> list[str]:
    """Return what a collect came to, for people."""
    complete = sum(run.status == "ok" for run in report.runs)
    lines = [f"{complete} of {len(report.runs) + len(report.skipped)} replicas listed completely"]
    lines += [f"skipped, as another run is looking: {replica}" for replica in report.skipped]
    lines += [f"COULD NOT BE JUDGED (see the log): {hub}" for hub in report.unjudged]
    lines += [f"PEOPLE COULD NOT BE TOLD (see the log): {hub}" for hub in report.untold]
    lines += [f"opened  {_finding_line(finding)}" for finding in report.opened]
    lines += [f"closed  {_finding_line(finding)}" for finding in report.closed]
    counts = [f"{report.open_counts[level]} {level}" for level in sorted(report.open_counts)]
    return [*lines, f"open findings: {', '.join(counts) or 'none'}"]


def undelivered(report: CollectReport) -> list[str]:
    """Return what could not be delivered, for people; cron mails what stands on standard error."""
    return [f"NOT DELIVERED: {problem}" for problem in (report.delivered or Round()).problems]


def _finding_line(finding: Any) -> str:
    return f"{finding.severity:6} {finding.code}: {finding.message}"
