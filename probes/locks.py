"""Locks on replicas that die with the process that holds them: two looks never meet at one replica.

On PostgreSQL advisory locks of this thread's connection, so that machines that share the database share them;
otherwise `flock` on files in `var/locks`, told apart by database.
"""

import fcntl
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

ADVISORY_SPACE = 0x5C33  # tells our advisory locks from those of others in the same database
GATE = 0


@contextmanager
def locked_replicas(replica_ids: Iterable[int]) -> Iterator[set[int]]:
    """Lock those of the replicas that nobody holds, and give them; unlock at the end.

    All are tried behind one gate, so that of several runs that begin together one gets them all.
    """
    take = _advisory if connection.vendor == "postgresql" else _flock
    with ExitStack() as held:
        with take(GATE, wait=True):
            mine = {pk for pk in sorted(replica_ids) if held.enter_context(take(pk, wait=False))}
        yield mine


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
    with _lock_file(number).open("a") as file:
        yield _try_flock(file, wait=wait)  # closing the file unlocks it


def _try_flock(file: IO[str], *, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _lock_file(number: int) -> Path:
    database = hashlib.sha256(str(connection.settings_dict["NAME"]).encode()).hexdigest()[:16]
    directory: Path = settings.VAR_DIR / "locks" / database
    directory.mkdir(parents=True, exist_ok=True)
    return directory / ("gate" if number == GATE else f"replica-{number}")
