"""Locks on replicas: two looks never meet at one replica."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from hubs.locks import lock

GATE = 0  # replicas have the numbers from 1 on, other work those below 0


@contextmanager
def locked_replicas(replica_ids: Iterable[int]) -> Iterator[set[int]]:
    """Lock those of the replicas that nobody holds, and give them; unlock at the end.

    All are tried behind one gate, so that of several runs that begin together one gets them all.
    """
    with ExitStack() as held:
        with lock(GATE, wait=True):
            mine = {pk for pk in sorted(replica_ids) if held.enter_context(lock(pk))}
        yield mine
