"""A command whose failure is told to people, whatever the failure."""

import logging
from typing import Any

from django.core.management.base import CommandError, SystemCheckError
from django.utils import timezone

from alerts.failures import tell_end, tell_operators_of
from hubs.commands import WatchCommand

log = logging.getLogger("scmmon.failures")

EX_INTERNAL = 1


class LoudCommand(WatchCommand):
    """A command that people are told of when it fails by an error that nobody foresaw, or has no usable database."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run; an unforeseen error ends with exit code 1, on standard error and in a message."""
        self.is_quiet = bool(options.get("no_alert"))
        try:
            return super().execute(*args, **options)
        except (CommandError, SystemCheckError):
            raise
        except Exception as error:
            log.exception("%s failed", self.name)
            if not self.is_quiet:
                tell_end(self.name, error)
            text = f"{type(error).__name__}: {error}; the log above says where"
            raise CommandError(text, returncode=EX_INTERNAL) from None

    @property
    def name(self) -> str:
        """What the command is called."""
        return self.__module__.rpartition(".")[2]

    def check_migrations(self) -> None:
        """Refuse a database that cannot be used, and tell the operators: nothing else could."""
        try:
            super().check_migrations()
        except CommandError as error:
            if not self.is_quiet:
                tell_operators_of(self.name, error, timezone.now())
            raise
