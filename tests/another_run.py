"""Another run that looks at a replica meanwhile: it holds the lock from a thread, so over a connection of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from hubs.models import Replica
from probes.locks import locked_replicas


@contextmanager
def another_run(replica: Replica) -> Iterator[None]:
    """Hold a replica's lock for as long as the block lasts."""
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with locked_replicas([replica.pk]):
            held.set()
            done.wait()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()
