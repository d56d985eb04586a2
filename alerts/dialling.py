"""Opens connections within a deadline, and only to addresses that were checked: for mail and for HTTP alike."""

import socket
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Self

from alerts.addresses import is_public


class PrivateAddressError(OSError):
    """A name leads to an address inside, where nothing may be sent."""

    def __init__(self, host: str, ip: str) -> None:
        what = (
            f"{host} is an address inside" if host == ip else f"{host} is {ip}, an address inside"
        )
        super().__init__(f"{what}; set SCMMON_ALLOW_PRIVATE_URLS=true if that is meant")


class Deadline:
    """A moment at which the connections that it watches are cut, whatever is waited for on them.

    A time-out of a socket is one of each step: a peer that sends one byte at a time never meets it.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds
        self._watched: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for connection in self._watched:
                connection.close()
            self._watched.clear()

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._ends

    def left(self) -> float:
        """Return the seconds that are left; raises TimeoutError where there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return seconds

    def watch(self, connection: socket.socket) -> None:
        """Cut this connection at the deadline, even where TLS was put on it since."""
        with self._lock:
            # Putting TLS on a socket closes its object; a second one for the same connection stays ours.
            self._watched.append(connection.dup())
        if self.is_over:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            for connection in self._watched:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def dial(
    host: str, port: int, deadline: Deadline, *, step_seconds: float, allow_private: bool
) -> socket.socket:
    """Return a connection to a host, whose name is asked for once: what was checked is what is connected to.

    No step on it takes longer than `step_seconds`, nor all of them longer than the deadline. Raises
    PrivateAddressError where any of the name's addresses is not global, and OSError for all other trouble.
    """
    found = _addresses(host, port, deadline)
    for *_, address in found:
        if not allow_private and not is_public(address[0]):
            raise PrivateAddressError(host, address[0])
    problem = OSError("its name leads to no address")
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        share = deadline.left() / (
            len(found) - tried
        )  # so that one that is silent leaves time for the next
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(min(step_seconds, share))
            connection.connect(address)
            connection.settimeout(step_seconds)
            deadline.watch(connection)
        except OSError as trouble:
            connection.close()
            problem = trouble
        else:
            return connection
    raise problem


def _addresses(host: str, port: int, deadline: Deadline) -> list[Any]:
    """Ask where a name leads, in a thread of its own, as nothing else can end that wait."""
    answers = SimpleQueue[list[Any] | OSError]()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as problem:
            answers.put(problem)
        except UnicodeError:  # a label that is empty or too long
            answers.put(socket.gaierror(socket.EAI_NONAME, "it is no name"))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except Empty:
        raise TimeoutError("its name was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer
