"""Locks on replicas: one holder, and none once the holder is gone."""

import subprocess
import sys
import threading

import pytest
from django.db import connection

from hubs.locks import lock_file
from probes.locks import locked_replicas

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def in_another_thread(replica_ids: list[int]) -> set[int]:
    """Return what a run beside this one would get; a thread has a connection of its own."""
    got: list[set[int]] = []

    def work() -> None:
        with locked_replicas(replica_ids) as mine:
            got.append(set(mine))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return got[0]


def test_who_comes_first_gets_all() -> None:
    with locked_replicas([1, 2, 3]) as mine:
        assert mine == {1, 2, 3}
        assert in_another_thread([1, 2, 3]) == set()


def test_who_comes_second_gets_what_is_free() -> None:
    with locked_replicas([1, 2]):
        assert in_another_thread([2, 3]) == {3}


def test_locks_end_with_the_run() -> None:
    with locked_replicas([1]):
        pass

    assert in_another_thread([1]) == {1}


def test_locks_end_when_the_run_fails() -> None:
    with pytest.raises(ZeroDivisionError), locked_replicas([1]):
        _ = 1 / 0

    assert in_another_thread([1]) == {1}


def test_a_killed_process_leaves_no_lock() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's own promise: a session's locks end with it")
    script = (
        "import fcntl, sys, time\n"
        "file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(lock_file(7))], stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()

    assert in_another_thread([7]) == {7}
