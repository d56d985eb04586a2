"""Takes what replicas hold of one repo, lays copies of the same tarball side by side.

All that depends on no moment is worked out once here, since a replay of the past asks for it at thousands of moments: for a
generation until one of its copies changes, for the repo until any does.
"""

from bisect import insort
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from probes.judge.tarball import WINDOW, CopyKey, Tarball, Window

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Generation:
    """One tarball of a repo with all its copies."""

    key: CopyKey
    stamp_at: datetime
    held: Mapping[int, Tarball]  # by replica
    known: dict[Hashable, Any] = field(default_factory=dict)  # what was worked out of it

    @cached_property
    def differs(self) -> bool:
        """Whether copies that are there have different sizes, or different digests of one kind."""
        there = [tarball for tarball in self.held.values() if not tarball.gone_at]
        if len(there) < 2:
            return False
        if len({tarball.size_bytes for tarball in there}) > 1:
            return True
        digests = {
            (tarball.sidecar_kind, tarball.sidecar_digest)
            for tarball in there
            if tarball.sidecar_state == "ok"
        }
        return len(digests) > len({kind for kind, _ in digests})


class Shelf:
    """All tarballs of one repo as they come and change, by generation."""

    def __init__(self) -> None:
        self._generations: dict[CopyKey, Generation] = {}
        self._order: list[tuple[datetime, CopyKey]] = []

    def put(self, replica_id: int, tarball: Tarball) -> None:
        """Put a replica's copy beside the others, in place of what was there."""
        key = tarball.copy_key
        before = self._generations.get(key)
        if before is None:
            insort(self._order, (tarball.stamp_at, key))
        held = {**before.held, replica_id: tarball} if before else {replica_id: tarball}
        self._generations[key] = Generation(key, tarball.stamp_at, held)

    def newest(self) -> list[Generation]:
        """Return the newest generations, newest first."""
        return [self._generations[key] for _, key in reversed(self._order[-WINDOW:])]


def side_by_side(tarballs: Mapping[int, Window]) -> "Copies":
    """Return what replicas hold, laid side by side; of two with one name on a replica the first counts."""
    shelf = Shelf()
    for replica_id, window in tarballs.items():
        seen = set()
        for tarball in window:
            if tarball.copy_key not in seen:
                seen.add(tarball.copy_key)
                shelf.put(replica_id, tarball)
    return Copies(tarballs, shelf.newest())


class Copies:
    """The newest tarballs of one repo on each replica that is known."""

    def __init__(self, tarballs: Mapping[int, Window], generations: Iterable[Generation]) -> None:
        self.tarballs = tarballs
        self.generations = list(generations)  # newest first
        self._known: dict[Hashable, Any] = {}

    def once(
        self,
        name: Hashable,
        work_out: Callable[[], T],
        lasts: Callable[[T], bool] = lambda found: True,
    ) -> T:
        """Return what was worked out under this name, working it out the first time, and again until it lasts."""
        if name in self._known:
            known: T = self._known[name]
            return known
        found = work_out()
        if lasts(found):
            self._known[name] = found
        return found

    @cached_property
    def replica_ids(self) -> frozenset[int]:
        """The replicas that are known."""
        return frozenset(self.tarballs)

    @cached_property
    def differing(self) -> list[Generation]:
        """Those whose copies that are there are not all alike."""
        return [generation for generation in self.generations if generation.differs]

    def lacking(self, source_id: int, copy_id: int) -> list[Tarball]:
        """Return what the source holds now and the copy never had, of those newer than the copy's oldest."""
        return self.once(
            ("lacking", source_id, copy_id), lambda: self._work_out_lacking(source_id, copy_id)
        )

    def _work_out_lacking(self, source_id: int, copy_id: int) -> list[Tarball]:
        oldest_at = self.tarballs[copy_id][-1].stamp_at
        return [
            generation.held[source_id]
            for generation in self.generations
            if copy_id not in generation.held
            and source_id in generation.held
            and oldest_at < generation.stamp_at
            and not generation.held[source_id].gone_at
        ]
