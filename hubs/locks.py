"""Locks that die with the process that holds them, so that none is ever stale.

On PostgreSQL advisory locks of this thread's connection, so that machines that share the database share them;
otherwise `flock` on files in `var/locks`, told apart by database.
"""

import fcntl
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

ADVISORY_SPACE = 0x5C33  # tells our advisory locks from those of others in the same database
SECONDS_BETWEEN_TRIES = 0.2


@contextmanager
def lock(number: int, *, wait: bool = False) -> Iterator[bool]:
    """Hold the lock of this number and give True; give False where another holds it and we do not wait."""
    take = _advisory if connection.vendor == "postgresql" else _flock
    with take(number, wait=wait) as got:
        yield got


@contextmanager
def patient_lock(number: int, *, seconds: float) -> Iterator[bool]:
    """Hold a lock as soon as it is free and give True; give False where it was not in so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        with lock(number) as got:
            if got or time.monotonic() >= deadline:
                yield got
                return
        time.sleep(SECONDS_BETWEEN_TRIES)


@contextmanager
def _advisory(number: int, *, wait: bool) -> Iterator[bool]:
    function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [ADVISORY_SPACE, number])
        got = wait or cursor.fetchone()[0]
    try:
        yield got
    finally:
        if got:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [ADVISORY_SPACE, number])


@contextmanager
def _flock(number: int, *, wait: bool) -> Iterator[bool]:
    with lock_file(number).open("a") as file:
        yield _try_flock(file, wait=wait)  # closing the file unlocks it


def _try_flock(file: IO[str], *, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def lock_file(number: int) -> Path:
    """Return the file of a lock, in a directory that is there."""
    database = hashlib.sha256(str(connection.settings_dict["NAME"]).encode()).hexdigest()[:16]
    directory: Path = settings.VAR_DIR / "locks" / database
    directory.mkdir(parents=True, exist_ok=True)
    return directory / str(number)
