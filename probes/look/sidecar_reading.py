"""Gets the content of sidecars from a node: asks as they become known, while the listing still arrives.

On a first look there are as many sidecars as tarballs, and opening them takes the node as long as listing
them; side by side the two take little more than the longer. What comes waits in a file until it is wanted.
"""

import secrets
import tempfile
import threading
import weakref
from collections.abc import Iterator
from itertools import chain
from queue import SimpleQueue
from typing import Protocol

from probes.look.listing import Answer, Caps, ListingError, NoAnswerError
from probes.look.remote import sidecar_script
from probes.look.sidecar import LONGEST_SIDECAR_BYTES
from probes.look.sidecars import SidecarText, sidecar_texts
from probes.look.spool import KEPT_IN_MEMORY_BYTES, Spool
from probes.look.transport import RemoteFiles, Reply, Session, TransportError

READ_BYTES = 1 << 17


class SidecarSource(Protocol):
    """Where the content of sidecars comes from."""

    @property
    def bytes_received(self) -> int:
        """How much the node answered, as far as it was read."""

    def want(self, paths: list[bytes]) -> None:
        """Ask for some more sidecars, relative to the root; none is fine."""

    def texts(self) -> Iterator[list[SidecarText]]:
        """Yield what each call of `want` asked for; raises ListingError or TransportError."""


class ShellSidecars:
    """Sidecars read by a script, from the first that is wanted; at most `seconds` from then."""

    def __init__(self, session: Session, root: str, caps: Caps, seconds: float) -> None:
        self._session, self._root, self._seconds = session, root, seconds
        self._answer = Answer(secrets.token_hex(16), caps)
        self._wanted = Spool[list[bytes]]()
        self._names = SimpleQueue[bytes]()  # an empty one ends the question
        self._reply: Reply | None = None
        self._kept = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY_BYTES)  # noqa: SIM115
        weakref.finalize(self, self._kept.close)
        self._failure: TransportError | None = None

    @property
    def bytes_received(self) -> int:
        return self._answer.bytes_received

    def want(self, paths: list[bytes]) -> None:
        self._wanted.append(paths)
        if not paths:
            return
        if self._reply is None:
            self._reply = self._ask()
        self._names.put(b"".join(b"./%s\0" % path for path in paths))

    def texts(self) -> Iterator[list[SidecarText]]:
        contents = self._contents()
        for paths in self._wanted:
            yield [next(contents) for _ in paths]
        for _ in contents:
            pass  # reads the answer to its trailer

    def abandon(self) -> None:
        """End the question; nobody will read the answer."""
        self._names.put(b"")
        if self._reply is not None:
            self._reply.done()

    def _ask(self) -> Reply:
        script = sidecar_script(self._root, self._answer.nonce)
        names = iter(self._names.get, b"")
        reply = self._session.ask(script, seconds=self._seconds, stdin=names)
        self._keeper = threading.Thread(target=self._keep, args=[reply], daemon=True)
        self._keeper.start()
        return reply

    def _keep(self, reply: Reply) -> None:
        kept_bytes = 0
        try:
            for block in reply.blocks():
                kept_bytes += len(block)
                if kept_bytes > self._answer.caps.most_bytes:
                    return  # more than will be read; the reader says so
                self._kept.write(block)
        except TransportError as problem:
            self._failure = problem

    def _contents(self) -> Iterator[SidecarText]:
        if self._reply is None:
            return
        self._names.put(b"")
        self._keeper.join()
        self._reply.done()
        if self._failure is not None:
            raise self._failure
        self._kept.seek(0)
        blocks = iter(lambda: self._kept.read(READ_BYTES), b"")
        try:
            yield from sidecar_texts(self._answer, blocks, chain.from_iterable(self._wanted))
        except NoAnswerError:
            raise ListingError(
                "truncated", "the connection ended before the sidecars came"
            ) from None
        self._reply.exit_status()


class SftpSidecars:
    """Sidecars read file by file, for a node that has no shell."""

    def __init__(self, files: RemoteFiles, root: str) -> None:
        self._files, self._root = files, root.encode()
        self._wanted = Spool[list[bytes]]()
        self._read_bytes = 0

    @property
    def bytes_received(self) -> int:
        """How much of the sidecars was read."""
        return self._read_bytes

    def want(self, paths: list[bytes]) -> None:
        self._wanted.append(paths)

    def texts(self) -> Iterator[list[SidecarText]]:
        try:
            for paths in self._wanted:
                yield [SidecarText(path, self._beginning(path)) for path in paths]
        finally:
            self._files.done()

    def _beginning(self, path: bytes) -> bytes | None:
        content = self._files.beginning(self._root + b"/" + path, LONGEST_SIDECAR_BYTES + 1)
        self._read_bytes += len(content or b"")
        return content
