"""Reaches a node: an SSH connection (fabric) or this machine, one script at a time, every step with a deadline.

The only package that knows fabric and paramiko. Whatever they raise becomes a `TransportError`, whose status is
one of the run statuses. Host keys are checked against the node's known_hosts file before any login.
"""

from probes.look.transport.base import Address, Entry, RemoteFiles, Reply, Session, TransportError
from probes.look.transport.hostkey_tool import HostKey, fetch_host_key, pin_host_key
from probes.look.transport.hostkeys import known_hosts_file
from probes.look.transport.local import LocalSession
from probes.look.transport.ssh import open_ssh

__all__ = [
    "Address",
    "Entry",
    "HostKey",
    "RemoteFiles",
    "Reply",
    "Session",
    "TransportError",
    "fetch_host_key",
    "known_hosts_file",
    "open_session",
    "pin_host_key",
]


def open_session(address: Address) -> Session:
    """Return a node that can be asked; raises TransportError."""
    return LocalSession() if address.transport == "local" else open_ssh(address)
