"""Lays the large trees that the benchmarks look at; each is made once and kept.

Files are sparse or hard-linked: what is measured is listing, not reading.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

SIZE_BYTES = 1_531_229_474
DIGEST = "0123456789abcdef0123456789abcdef"
MOST_LINKS = 60_000  # ext4 allows 65,000 of one file


@dataclass(frozen=True)
class Shape:
    """What a tree holds: repos, days, and tarballs a day, the newest of yesterday."""

    repos: int
    days: int
    times_a_day: int = 1
    linked: bool = False

    @property
    def tarballs(self) -> int:
        """How many tarballs it has, each with its sidecar."""
        return self.repos * self.days * self.times_a_day


def grow(root: Path, shape: Shape, now: datetime) -> None:
    """Lay the tree, or the days that it lacks since it was made."""
    done = root.with_name(f"{root.name}.done")
    last = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    first = last - timedelta(days=shape.days - 1)
    if done.exists():
        first = datetime.fromisoformat(done.read_text()) + timedelta(days=1)
    days = (last - first).days + 1
    lay = _link_from(root.with_name(f"{root.name}.originals")) if shape.linked else _write
    for number in range(shape.repos):
        name = f"r{number:03}"
        for at in _moments(first, days, shape.times_a_day):
            directory = f"{root}/repos/{name}/{at:%Y/%m/%d/%H%M%S}"
            os.makedirs(directory, exist_ok=True)  # noqa: PTH103 - pathlib doubles the time
            lay(f"{directory}/{name}.tar.gz", at)
    done.write_text(last.isoformat())


def _moments(first: datetime, days: int, times_a_day: int) -> Iterator[datetime]:
    for number in range(days * times_a_day):
        yield first + timedelta(hours=number * 24 // times_a_day)


def _write(file: str, at: datetime) -> None:
    """Make a sparse file of its own and a sidecar that describes it."""
    size_bytes = SIZE_BYTES + at.toordinal()
    with open(file, "wb") as tarball:  # noqa: PTH123
        tarball.truncate(size_bytes)
    with open(f"{file}.dna", "w") as sidecar:  # noqa: PTH123
        sidecar.write(f"{{'dig': '{DIGEST}', 'size': {size_bytes}}}")
    moment = at.timestamp()
    os.utime(file, (moment, moment))
    os.utime(f"{file}.dna", (moment, moment))


def _link_from(originals: Path) -> Callable[[str, datetime], None]:
    """Return what lays hard links: a million files would take minutes and fill the inodes."""
    originals.mkdir(parents=True, exist_ok=True)
    used = count(len(list(originals.iterdir())) // 2 * MOST_LINKS)

    def lay(file: str, at: datetime) -> None:
        number, links = divmod(next(used), MOST_LINKS)
        original = f"{originals}/{number}"
        if links == 0:
            _write(original, at)
        os.link(original, file)
        os.link(f"{original}.dna", f"{file}.dna")

    return lay
