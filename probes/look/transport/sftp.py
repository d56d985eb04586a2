"""Files over SFTP, for a node that has no shell; names are bytes."""

import contextlib
import stat
from collections.abc import Iterator

import paramiko
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR

from probes.look.transport.base import Entry, TransportError, Watchdog, late, said

MOST_ENTRIES = 1_000_000  # of one directory


class ExactSftp(paramiko.SFTPClient):
    """SFTP whose names are bytes: paramiko decodes them and gives up at the first that is not UTF-8."""

    def entries(self, path: bytes) -> list[Entry]:
        """Return the entries of a directory; raises OSError when it cannot be read."""
        kind, message = self._request(CMD_OPENDIR, path)
        if kind != CMD_HANDLE:
            raise OSError("the server did not open the directory")
        handle, found = message.get_binary(), []
        try:
            while True:
                kind, message = self._request(CMD_READDIR, handle)
                if kind != CMD_NAME:
                    raise OSError("the server did not list the directory")
                found += [self._entry(message) for _ in range(message.get_int())]
                if len(found) > MOST_ENTRIES:
                    raise OSError(f"it has more than {MOST_ENTRIES} entries")
        except EOFError:
            pass
        finally:
            self._request(CMD_CLOSE, handle)
        return [entry for entry in found if entry.name not in (b".", b"..")]

    @staticmethod
    def _entry(message: paramiko.Message) -> Entry:
        name, _long_name = message.get_binary(), message.get_binary()
        about = paramiko.SFTPAttributes._from_msg(message)
        if about.st_mode is None or about.st_size is None:
            # A server may leave them out; what an entry is cannot be guessed.
            raise OSError(f"the server does not say what {name!r} is")
        mode = about.st_mode
        return Entry(
            name,
            stat.S_ISDIR(mode),
            stat.S_ISREG(mode),
            about.st_size or 0,
            int(about.st_mtime or 0),
        )


class SftpFiles:
    """`RemoteFiles` over an SFTP channel."""

    def __init__(self, sftp: ExactSftp, watchdog: Watchdog, seconds: float) -> None:
        self._sftp, self._watchdog, self._seconds = sftp, watchdog, seconds

    def entries(self, path: bytes) -> list[Entry]:
        """Return a directory's entries; raises OSError when the node refuses to show it."""
        with self._translating():
            return self._sftp.entries(path)

    def is_directory(self, path: bytes) -> bool:
        """Say whether a path is a directory."""
        with self._translating():
            try:
                return stat.S_ISDIR(self._sftp.stat(path).st_mode or 0)
            except FileNotFoundError:
                return False

    def beginning(self, path: bytes, most_bytes: int) -> bytes | None:
        """Return the first bytes of a file, or None when it cannot be read."""
        with self._translating():
            try:
                with self._sftp.open(path) as file:
                    return bytes(file.read(most_bytes))
            except (FileNotFoundError, PermissionError):
                return None

    def done(self) -> None:
        """Say that no more will be asked."""
        self._watchdog.rest()

    @contextlib.contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (paramiko.SSHException, EOFError, ConnectionError, AttributeError) as problem:
            # paramiko's reader fails with AttributeError when the watchdog closes under it
            raise self._lost(problem) from problem
        except OSError as problem:
            if self._watchdog.bit or "closed" in str(problem):
                raise self._lost(problem) from problem
            raise

    def _lost(self, problem: Exception) -> TransportError:
        if self._watchdog.bit:
            return late("list", self._seconds)
        return TransportError("truncated", "list", f"the connection was lost: {said(problem)}")
