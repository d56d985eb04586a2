"""The values that looking gives to storing. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from probes.look.listing import SeenFile


class Observation(NamedTuple):
    """One tarball of the past, as an import of history knows it."""

    path: bytes  # relative to the replica's root
    size_bytes: int
    mtime_at: datetime | None = None
    sidecar_digest: str = ""
    sidecar_size_bytes: int | None = None
    first_seen_at: datetime | None = None
    gone_at: datetime | None = None


class SidecarSeen(NamedTuple):
    """A tarball's sidecar as listed and read."""

    kind: str  # dna, sha256
    file: SeenFile
    content: bytes | None = None  # None: not asked for, or not shown
    asked: bool = False


class TarballSeen(NamedTuple):
    """One tarball as listed."""

    tail: bytes  # DD/HHMMSS/file
    file: SeenFile
    sidecar: SidecarSeen | None


class MonthSeen(NamedTuple):
    """All tarballs of one repo's month that is not as it was."""

    directory: bytes
    digest: str
    tarballs: list[TarballSeen]


class KnownMonth(NamedTuple):
    """What is stored of a month: enough to tell that nothing changed."""

    digest: str
    tarballs: int
    size_bytes: int


class KnownSidecar(NamedTuple):
    """What is stored of a sidecar: enough to tell that it need not be read again."""

    kind: str
    length: int | None
    mtime_epoch: int | None


@dataclass
class Facts:
    """What a look found out besides the tarballs; filled as far as it got."""

    stage: str = "connect"
    method: str = ""
    command: str = ""
    exit_status: int | None = None
    bytes_received: int = 0
    noise_bytes: int = 0
    noise: bytes = b""
    stderr: bytes = b""
    clock_skew_seconds: float | None = None
    free_bytes: int | None = None
    total_bytes: int | None = None
    unrecognised: int = 0
    unrecognised_examples: list[bytes] = field(default_factory=list)
    locks: list[tuple[bytes, int | None]] = field(default_factory=list)
