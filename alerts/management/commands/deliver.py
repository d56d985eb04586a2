"""`deliver`: sends what waits in the outbox and is due."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from alerts.commands import LoudCommand
from alerts.delivery import Round, deliver, summary

EX_OK, EX_UNDELIVERED, EX_BUSY = 0, 3, 75


class Command(LoudCommand):
    """Deliver messages."""

    help = (
        "Send what waits in the outbox and is due. Exits with 0 when all of it was taken, 3 when some was not, "
        "75 when another process has been delivering for too long."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now", action="store_true", help="all that waits, without waiting for the pauses"
        )
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        came_of_it = deliver(everything=options["now"])
        if options["format"] == "json":
            self.print_json(
                {
                    "sent": came_of_it.sent,
                    "postponed": came_of_it.postponed,
                    "given_up": came_of_it.given_up,
                    "problems": came_of_it.problems,
                }
            )
        elif options["verbosity"] or not came_of_it.is_clean:
            self.stdout.write(summary(came_of_it))
            for problem in came_of_it.problems:
                self.stderr.write(problem)
        sys.exit(exit_code(came_of_it))


def exit_code(came_of_it: Round) -> int:
    """Return what the command exits with."""
    if came_of_it.is_busy:
        return EX_BUSY
    return EX_OK if came_of_it.is_clean else EX_UNDELIVERED
