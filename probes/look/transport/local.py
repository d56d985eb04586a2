"""The machine we run on as a node: transport `local`."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator

from probes.look.transport.base import (
    BLOCK_BYTES,
    KEPT_STDERR_BYTES,
    RemoteFiles,
    Reply,
    TransportError,
    Watchdog,
    late,
)


class LocalReply:
    """What a script says that runs on this machine."""

    def __init__(self, script: str, stdin: Iterable[bytes], seconds: float) -> None:
        self._seconds, self.stderr = seconds, b""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._watchdog = Watchdog(seconds, self.kill)
        self._feeder = threading.Thread(target=self._feed, args=[stdin], daemon=True)
        self._feeder.start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _feed(self, stdin: Iterable[bytes]) -> None:
        assert self._process.stdin  # noqa: S101 - asked for above
        with contextlib.suppress(OSError), self._process.stdin as pipe:
            for block in stdin:
                pipe.write(block)

    def _listen(self) -> None:
        assert self._process.stderr  # noqa: S101 - asked for above
        with contextlib.suppress(OSError, ValueError):
            while block := self._process.stderr.read(BLOCK_BYTES):
                self.stderr = (self.stderr + block)[:KEPT_STDERR_BYTES]

    def blocks(self) -> Iterator[bytes]:
        assert self._process.stdout  # noqa: S101 - asked for above
        while block := self._process.stdout.read(BLOCK_BYTES):
            yield block
        if self._watchdog.bit:
            raise late("list", self._seconds)

    def done(self) -> None:
        self._watchdog.rest()

    def exit_status(self) -> int | None:
        status = self._process.wait()
        self._watchdog.rest()
        self._listener.join(1)
        return status if status >= 0 else None

    def kill(self) -> None:
        """End the script and all that it started; reading it comes to its end."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the script if it still runs, and let go of its pipes."""
        self.kill()
        self._watchdog.rest()
        self._process.wait()
        self._listener.join(1)
        self._feeder.join(1)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


class LocalSession:
    """A session with the machine we run on."""

    def __init__(self) -> None:
        self._replies: list[LocalReply] = []

    def ask(self, script: str, *, seconds: float, stdin: Iterable[bytes] = ()) -> Reply:
        self._replies.append(LocalReply(script, stdin, seconds))
        return self._replies[-1]

    def files(self, *, seconds: float) -> RemoteFiles:
        raise TransportError("malformed", "list", "this machine's /bin/sh did not answer")

    def close(self) -> None:
        """End and let go of all that was asked; from another thread, what is being read ends first."""
        for reply in self._replies:
            reply.close()
