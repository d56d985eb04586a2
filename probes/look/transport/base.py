"""What every way to reach a node shares: its address, the question and answer, deadlines, and what went wrong."""

import shlex
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

BLOCK_BYTES = 1 << 17
KEPT_STDERR_BYTES = 4000


class TransportError(Exception):
    """A node could not be reached or asked; `status` is a run status, `stage` is where it failed."""

    def __init__(self, status: str, stage: str, message: str) -> None:
        super().__init__(message)
        self.status, self.stage = status, stage


@dataclass(frozen=True)
class Address:
    """How a node is reached; times in seconds, file names as the admin wrote them."""

    tag: str
    transport: str = "ssh"
    host: str = ""
    port: int = 22
    user: str = ""
    identity_file: str = ""
    known_hosts: str = ""
    jump_host: str = ""
    connect_seconds: float = 10
    ssh_config: str = ""

    def shell_lines(self, script: str) -> str:
        """Return what a person can type to run a script there as we do."""
        return f"{self._shell()} <<'SCMMON'\n{script}SCMMON\n"

    def _shell(self) -> str:
        if self.transport == "local":
            return "/bin/sh -s"
        words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        words += ["-p", str(self.port)]
        words += ["-F", self.ssh_config] if self.ssh_config else []
        words += (
            ["-i", self.identity_file, "-o", "IdentitiesOnly=yes"] if self.identity_file else []
        )
        words += ["-o", f"UserKnownHostsFile={self.known_hosts}"] if self.known_hosts else []
        words += ["-J", self.jump_host] if self.jump_host else []
        words += ["-l", self.user] if self.user else []
        return shlex.join([*words, "--", self.host, "/bin/sh", "-s"])


class Entry(NamedTuple):
    """One entry of a directory, links not followed."""

    name: bytes
    is_directory: bool
    is_file: bool
    size_bytes: int
    mtime_epoch: int


class RemoteFiles(Protocol):
    """The files of a node that has no shell; every method raises TransportError when time runs out."""

    def entries(self, path: bytes) -> list[Entry]:
        """Return a directory's entries, links not followed; raises OSError when the node refuses to show it."""

    def is_directory(self, path: bytes) -> bool:
        """Say whether a path is a directory."""

    def beginning(self, path: bytes, most_bytes: int) -> bytes | None:
        """Return the first bytes of a file, or None when it cannot be read."""

    def done(self) -> None:
        """Say that no more will be asked."""


class Reply(Protocol):
    """The answer to one script, while it arrives."""

    stderr: bytes  # its beginning; whole once the blocks have ended

    def blocks(self) -> Iterator[bytes]:
        """Yield what arrives until the end; raises TransportError when time runs out."""

    def exit_status(self) -> int | None:
        """Return how the script ended, or None when the connection was lost before that was told."""

    def done(self) -> None:
        """Say that no more will be read, so that its deadline ends nothing later."""


class Session(Protocol):
    """A node that we can ask."""

    def ask(self, script: str, *, seconds: float, stdin: Iterable[bytes] = ()) -> Reply:
        """Start a script; it, and the reading of its answer, must end within `seconds`."""

    def files(self, *, seconds: float) -> RemoteFiles:
        """Return the node's files over SFTP, for one that has no shell."""

    def close(self) -> None:
        """Hang up; whatever waits for this node ends at once."""


class Watchdog:
    """Ends something that may wait for ever: calls `stop` when its time is over."""

    def __init__(self, seconds: float, stop: Callable[[], None]) -> None:
        self.bit, self._stop = False, stop
        self._timer = threading.Timer(max(0.0, seconds), self._bite)
        self._timer.daemon = True
        self._timer.start()

    def _bite(self) -> None:
        self.bit = True
        self._stop()

    def rest(self) -> None:
        """Stand down."""
        self._timer.cancel()


def late(stage: str, seconds: float) -> TransportError:
    return TransportError("timeout", stage, f"not done after {seconds:.0f} s")


def said(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__
