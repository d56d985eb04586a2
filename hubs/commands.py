"""What all our commands share: the exit code for a wrong configuration, and output for programs."""

import json
from typing import Any

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    SystemCheckError,
)
from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

EX_USAGE = 2
CONFIGURATION_TAG = "scmmon"


class WatchCommand(BaseCommand):
    """A command that needs a sound configuration and a database of this version; without, it exits with 2."""

    # Our own checks only: Django's load every URL and view, which would double the time that a look takes.
    requires_system_checks = [CONFIGURATION_TAG]
    requires_migrations_checks = True

    def add_format(self, parser: CommandParser) -> None:
        """Add `--format`."""
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="for people, or for programs"
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Check the configuration and the database, then run."""
        try:
            return super().execute(*args, **options)
        except SystemCheckError as problem:
            raise CommandError(str(problem), returncode=EX_USAGE) from None

    def check_migrations(self) -> None:
        """Refuse a database that cannot be reached or is not of this version."""
        try:
            executor = MigrationExecutor(connection)
        except OperationalError as problem:
            raise CommandError(
                f"the database cannot be opened: {problem}", returncode=EX_USAGE
            ) from None
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError(
                "the database is not of this version: run `manage.py migrate`", returncode=EX_USAGE
            )

    def print_json(self, value: Any) -> None:
        """Print one JSON document."""
        self.stdout.write(json.dumps(value, cls=DjangoJSONEncoder, indent=2))
