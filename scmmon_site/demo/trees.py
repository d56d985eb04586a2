"""Lays trees of tarballs as hubs leave them: `<root>/<category>/<name>/YYYY/MM/DD/HHMMSS/<file>` with sidecars.

The tarballs are real archives, small, and the same for the same moment, so that laying again what is
there changes nothing.
"""

import gzip
import hashlib
import io
import os
import random
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

Sizes = Callable[[datetime], int]
WRITING_TIME = timedelta(minutes=1)
GROWS_SINCE = date(2024, 1, 1)
_CONTENT = random.Random(229).randbytes(1 << 20)  # noqa: S311 - not a secret


@dataclass(frozen=True)
class Tarball:
    """One tarball that was laid; `path` is relative to the root and `file` is the whole of it."""

    path: str
    file: Path
    at: datetime
    size_bytes: int
    digest: str
    sidecar: Path  # where it is, or would be


def daily(zone: str, clock: str, days: int, now: datetime) -> list[datetime]:
    """Return the moments of a daily job at a wall clock ("04:10") in a zone, oldest first, none after `now`."""
    today = now.astimezone(ZoneInfo(zone)).date()
    past = (today - timedelta(days=back) for back in range(days, -1, -1))
    moments = (_some_seconds_after(day, time.fromisoformat(clock), zone) for day in past)
    return [moment for moment in moments if moment + WRITING_TIME <= now][-days:]


def _some_seconds_after(day: date, clock: time, zone: str) -> datetime:
    """Return the moment of a wall clock, now and then some seconds late, as what runs before it may be."""
    local = datetime.combine(day, clock, ZoneInfo(zone))
    late = day.toordinal() * 37 % 60 if day.toordinal() % 5 == 0 else 0
    return local.astimezone(UTC) + timedelta(seconds=late)


def growth(seed: str, first_bytes: int, day_bytes: int) -> Sizes:
    """Return sizes that grow as repositories do: most days little or nothing, now and then a big commit."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    size_bytes = first_bytes
    by_day: list[int] = []

    def size_at(at: datetime) -> int:
        nonlocal size_bytes
        day = max(0, (at.date() - GROWS_SINCE).days)
        while len(by_day) <= day:
            size_bytes += int(chance.expovariate(1 / day_bytes)) if chance.random() < 0.6 else 0
            size_bytes += 40 * day_bytes if chance.random() < 0.006 else 0
            by_day.append(size_bytes)
        return by_day[day]

    return size_at


def archive(size_bytes: int, member: str = "content", at: datetime | None = None) -> bytes:
    """Return a gzip-compressed tar archive of a little over `size_bytes`, the same for the same arguments."""
    times, rest = divmod(size_bytes, len(_CONTENT))
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", bufsize=512) as tar:
        information = tarfile.TarInfo(member)
        information.size = size_bytes
        information.mtime = int(at.timestamp()) if at else 0
        tar.addfile(information, io.BytesIO(_CONTENT * times + _CONTENT[:rest]))
    # The content is random and does not shrink; the zeros to which tar rounds it up do.
    return gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)


def lay(
    root: Path,
    repo: str,
    moments: Iterable[datetime],
    *,
    zone: str = "UTC",
    sizes: Sizes | int = 3000,
    sidecar: str | None = "dna",
    file_name: str | None = None,
) -> list[Tarball]:
    """Lay a tarball of a repo ("tracs/env") for each moment, keeping those that are there; oldest first.

    `sizes` is what is in each (a number: that for the first, and a byte more for each that follows);
    `sidecar` is "dna", "sha256", None for none, or else the very text of a `.dna`.
    """
    laid = []
    for number, at in enumerate(sorted(moments)):
        stamp = at.astimezone(ZoneInfo(zone)).strftime("%Y/%m/%d/%H%M%S")
        path = f"{repo}/{stamp}/{file_name or _file_name(repo, at)}"
        file = root / path
        size_bytes = sizes + number if isinstance(sizes, int) else sizes(at)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f"{file.name}.part")  # whoever is killed leaves nothing half laid
            part.write_bytes(archive(size_bytes, repo, at))
            part.rename(file)
        laid.append(_with_sidecar(path, file, at, sidecar))
    return laid


def _file_name(repo: str, at: datetime) -> str:
    """Return what the tarball is called: a Subversion one has its revision in its name."""
    name = repo.rpartition("/")[2]
    revision = 100 + 7 * max(0, (at.date() - GROWS_SINCE).days)
    return f"{name}-{revision}.tar.gz" if repo.startswith(("svn/", "repos/")) else f"{name}.tar.gz"


def _with_sidecar(path: str, file: Path, at: datetime, sidecar: str | None) -> Tarball:
    content = file.read_bytes()
    digest = hashlib.md5(content).hexdigest()  # noqa: S324 - what .dna files hold
    beside = file.with_name(f"{file.name}.{'sha256' if sidecar == 'sha256' else 'dna'}")
    tarball = Tarball(path, file, at, len(content), digest, beside)
    written_at = min(at + WRITING_TIME, datetime.now(UTC))
    age(file, written_at)
    if sidecar is not None and not beside.exists():
        beside.write_text(_sidecar_text(sidecar, tarball, content))
        age(beside, written_at)
    return tarball


def _sidecar_text(sidecar: str, tarball: Tarball, content: bytes) -> str:
    if sidecar == "sha256":
        return f"{hashlib.sha256(content).hexdigest()}  {tarball.file.name}\n"
    if sidecar == "dna":
        return f"{{'dig': '{tarball.digest}', 'size': {tarball.size_bytes}}}"
    return sidecar


def age(file: Path, at: datetime) -> None:
    """Set when a file was last changed."""
    os.utime(file, (at.timestamp(), at.timestamp()))


def link(tarballs: Iterable[Tarball], root: Path) -> None:
    """Give another root the same tarballs with their sidecars, as hard links; those it has are left alone."""
    for tarball in tarballs:
        copy = root / tarball.path
        if copy.exists():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if tarball.sidecar.exists():
            os.link(tarball.sidecar, copy.with_name(tarball.sidecar.name))
        os.link(tarball.file, copy)
