"""`watchdog`: run on a second machine, asks our /healthz whether the monitor lives."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from alerts.context import here
from alerts.failures import tell_operators
from alerts.watching import Health, ask, health_message, is_news, remember
from hubs.commands import CONFIGURATION_TAG

EX_OK, EX_CRITICAL = 0, 2


class Command(BaseCommand):
    """Watch another scmmon. Needs no database: nothing that could die with it is in the way."""

    help = (
        "Ask an scmmon's /healthz whether it lives. Exits with 0 when it does, 2 when it does not or cannot be asked, "
        "and prints one line, as Nagios wants it."
    )
    requires_system_checks = [CONFIGURATION_TAG]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="URL", help="https://scmmon.example.org/healthz")
        parser.add_argument("--seconds", type=float, default=20.0, help="for the answer")
        parser.add_argument(
            "--mail",
            action="store_true",
            help="mail SCMMON_OPERATORS when that changes, and once a day while it is bad",
        )

    def handle(self, **options: Any) -> None:
        health = ask(options["url"], options["seconds"])
        self.stdout.write(f"{'OK' if health.is_well else 'CRITICAL'} - {health.text}")
        if options["mail"]:
            self.mail(options["url"], health)
        sys.exit(EX_OK if health.is_well else EX_CRITICAL)

    def mail(self, url: str, health: Health) -> None:
        """Mail the operators what is news; what no server took is news again the next time."""
        now = timezone.now()
        if not is_news(url, health, now):
            return
        if tell_operators(health_message(url, health, here()), now):
            remember(url, health, now)
        else:
            self.stderr.write("the operators could not be mailed: see SCMMON_OPERATORS, EMAIL_URL")
