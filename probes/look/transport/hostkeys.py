"""Host keys: which are known, which a node shows, and how one is pinned. No key is trusted that nobody pinned."""

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey

from probes.look.transport.base import Address, TransportError


class UnknownHostKeyError(Exception):
    """The node's key is in no line of its known_hosts file."""

    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__("unknown host key")
        self.key = key


class RefuseUnknown(paramiko.MissingHostKeyPolicy):
    """Refuse a key that is not known, before anything is sent that a login needs."""

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        raise UnknownHostKeyError(key)


def known_hosts_file(address: Address) -> Path:
    """Return the file that holds a node's host key."""
    return Path(address.known_hosts or "~/.ssh/known_hosts").expanduser()


def known_hosts(address: Address) -> HostKeys:
    """Return the keys of a known_hosts file, without those it revokes; lines for authorities are left out.

    Read line by line, since paramiko gives up the whole file at a marker it does not know.
    """
    try:
        lines = known_hosts_file(address).read_text(errors="replace").splitlines()
    except OSError as problem:
        raise TransportError(
            "host_key",
            "connect",
            f"its known_hosts file cannot be read ({problem}); `manage.py hostkey {address.tag}` shows its key",
        ) from problem
    known = HostKeys()
    # Fields may be any white space apart; what paramiko cannot split must not turn a revoked key into a known one.
    lines = [" ".join(line.split()) for line in lines]
    revoked = {entry.key.asbytes() for entry in _entries(lines, "@revoked ")}
    for entry in _entries(lines, ""):
        if entry.key.asbytes() in revoked:
            continue
        for name in entry.hostnames:
            known.add(name, entry.key.get_name(), entry.key)
    return known


def _entries(lines: list[str], marker: str) -> Iterator[HostKeyEntry]:
    for line in lines:
        marked = line.startswith("@")
        if line.lstrip().startswith("#") or marked != bool(marker) or not line.startswith(marker):
            continue
        with contextlib.suppress(InvalidHostKey, paramiko.SSHException):
            entry = HostKeyEntry.from_line(line.removeprefix(marker))
            if entry is not None and entry.key is not None:
                yield entry


def fingerprint(key: paramiko.PKey) -> str:
    """Return a key's fingerprint as ssh-keygen prints it: `SHA256:…`."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"
