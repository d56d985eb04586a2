"""Numbered start-up checks: a wrong configuration stops a command with one clear sentence each, exit code 2."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ValidationError

from hubs.commands import CONFIGURATION_TAG
from hubs.validators import email_list
from probes.tasks import SCHEDULES

LEAST_SQLITE = (
    3,
    31,
)  # IMMEDIATE transactions and partial indexes are older; upserts with RETURNING newer


@register(CONFIGURATION_TAG)
def switches(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report what the environment got wrong."""
    found: list[CheckMessage] = [
        Error(text, id=f"scmmon.{number}") for number, text in settings.ENVIRONMENT.problems
    ]
    return [*found, *_site(), *_ssh_config(), *_telling(), *_queue()]


def _site() -> Iterator[CheckMessage]:
    if not settings.SCMMON_SITE_URL.startswith(("http://", "https://")):
        yield Error(
            f"SCMMON_SITE_URL is {settings.SCMMON_SITE_URL!r}: write http://… or https://…",
            id="scmmon.E005",
        )
    if settings.DEBUG:
        yield checks.Warning(
            "DEBUG is on: pages show secrets to whoever sees an error.", id="scmmon.W001"
        )


def _ssh_config() -> Iterator[CheckMessage]:
    file = settings.SCMMON_SSH_CONFIG
    if file and not Path(file).expanduser().is_file():
        yield Error(f"SCMMON_SSH_CONFIG names {file}, which is no file.", id="scmmon.E006")


def _telling() -> Iterator[CheckMessage]:
    heartbeat = settings.SCMMON_HEARTBEAT_URL
    if heartbeat and not heartbeat.startswith(("http://", "https://")):
        yield Error(
            "SCMMON_HEARTBEAT_URL is no web address: write http://… or https://…", id="scmmon.E007"
        )
    try:
        email_list(settings.SCMMON_OPERATORS)
    except ValidationError as problem:
        yield Error(f"SCMMON_OPERATORS: {'; '.join(problem.messages)}", id="scmmon.E008")


def _queue() -> Iterator[CheckMessage]:
    queue: Any = settings.Q_CLUSTER
    is_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    longest_wait = queue["timeout"] * (1 + -(-queue["queue_limit"] // queue["workers"]))
    if not queue["timeout"] or queue["retry"] <= longest_wait:
        yield Error(
            f"Q_CLUSTER retries after {queue['retry']} s, while a task may take {longest_wait} s with its waiting: "
            "it would run twice at the same time.",
            id="scmmon.E101",
        )
    if queue.get("catch_up", True) or not queue.get("ack_failures"):
        yield Error("Q_CLUSTER needs catch_up off and ack_failures on.", id="scmmon.E102")
    if "redis" in queue and is_sqlite:
        yield Error(
            "REDIS_URL is set, but DATABASE_URL is SQLite: several machines need PostgreSQL.",
            id="scmmon.E103",
        )
    if is_sqlite and sqlite3.sqlite_version_info < LEAST_SQLITE:
        yield Error(f"SQLite {sqlite3.sqlite_version} is too old.", id="scmmon.E104")


@register(Tags.database)
def schedules(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse schedules that would run anything but our own tasks: a schedule's function is any dotted path."""
    if not databases or "default" not in databases:
        return []
    from django.db import DatabaseError
    from django_q.models import Schedule

    ours = {function for _, function, _ in SCHEDULES}
    try:
        strange = [schedule for schedule in Schedule.objects.all() if schedule.func not in ours]
    except DatabaseError:  # not migrated yet; `migrate` runs this check too
        return []
    return [
        Error(
            f"Schedule {schedule.name!r} would run {schedule.func!r}, which is none of scmmon's tasks: delete it.",
            id="scmmon.E105",
        )
        for schedule in strange
    ]
