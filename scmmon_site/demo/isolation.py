"""Gives the environment and the command lines with which our own commands run on a database of their own."""

import os
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
# Emptied, so that neither the environment nor a .env file of the user reaches in.
SWITCHES = (
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "REDIS_URL",
    "EMAIL_URL",
    "SCMMON_FROM_EMAIL",
    "SCMMON_SITE_URL",
    "SCMMON_PUBLIC_PAGES",
    "SCMMON_SSH_CONFIG",
    "SCMMON_HEARTBEAT_URL",
    "SCMMON_ALLOW_PRIVATE_URLS",
    "SCMMON_OPERATORS",
    "SCMMON_WORKERS",
    "SCMMON_RUN_BUDGET",
)


def isolated_environment(directory: Path, **switches: str) -> dict[str, str]:
    """Return the environment of a scmmon that keeps everything in `directory`, with these switches set."""
    return {
        **os.environ,
        **dict.fromkeys(SWITCHES, ""),
        "SCMMON_VAR": str(directory),
        "DATABASE_URL": f"sqlite:///{directory}/db.sqlite3",
        **switches,
    }


def manage_py(*arguments: str) -> list[str]:
    """Return the command line of one of our commands."""
    return [sys.executable, str(BASE_DIR / "manage.py"), *arguments]
