"""What was seen of one tarball, and of the newest ones of a repo on a replica. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

CopyKey = tuple[str, str]

# The last number of name-1234.tar.gz; a hot copy may add -1.
REVISION = re.compile(r"-(\d{1,12})(?:-\d)?\.(?!.*-\d)")
PROVED = "good"
WINDOW = 60  # newest tarballs of a repo on a replica that are compared and learned from

# A tarball that was dated so far ahead when it came says nothing about when it was made, even once its day has come.
MISDATED_AHEAD = timedelta(hours=12)


class Tarball(NamedTuple):
    """What was last seen of one tarball; a tuple, as a hub's judgement makes thousands of them."""

    path: str
    stamp_at: datetime
    stamp_text: str
    size_bytes: int
    mtime_at: datetime | None
    sidecar_kind: str
    sidecar_state: str
    sidecar_digest: str
    sidecar_size_bytes: int | None
    first_seen_at: datetime
    gone_at: datetime | None
    verified_at: datetime | None = None
    verified_verdict: str = ""

    @property
    def copy_key(self) -> CopyKey:
        """What its copies on other replicas, maybe in another place below the root, have in common.

        Not the revision in its name: a copy with another one is a wrong copy, and no tarball of its own.
        """
        name = self.path.rpartition("/")[2]
        return self.stamp_text, REVISION.sub(".", name) if "-" in name else name

    @property
    def revision(self) -> int | None:
        """The Subversion revision in its name, if there is one."""
        found = REVISION.search(self.path.rpartition("/")[2])
        return int(found.group(1)) if found else None

    @property
    def is_misdated(self) -> bool:
        """Whether its stamp was far in the future when it came."""
        is_ahead = self.stamp_at > self.first_seen_at  # rarely: the sum is dear
        return is_ahead and self.stamp_at > self.first_seen_at + MISDATED_AHEAD


def newest_of(tarballs: Iterable[Tarball]) -> Tarball | None:
    """Return the first that is there, of tarballs newest first; where all are gone, the first."""
    newest = None
    for tarball in tarballs:
        if not tarball.gone_at:
            return tarball
        newest = newest or tarball
    return newest


class Window(tuple[Tarball, ...]):
    """The newest tarballs of a repo on a replica, newest first.

    Windows are equal only when they are one and the same, so that what was learned from one is found again at once: a
    replay of the past asks for it at thousands of moments.
    """

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    @cached_property
    def there(self) -> list[Tarball]:
        """Those that are there."""
        return [tarball for tarball in self if not tarball.gone_at]

    @cached_property
    def dated(self) -> list[Tarball]:
        """Those whose stamps say when they were made."""
        return [tarball for tarball in self if not tarball.is_misdated]

    @cached_property
    def stamps(self) -> tuple[datetime, ...]:
        """The stamps of those."""
        return tuple(tarball.stamp_at for tarball in self.dated)

    @cached_property
    def newest(self) -> Tarball | None:
        """The newest of those that is there; where all are gone, the newest."""
        return newest_of(self.dated)

    @cached_property
    def seen_last(self) -> list[Tarball]:
        """The few that came last and are there."""
        latest = sorted(self.there, key=lambda tarball: tarball.first_seen_at, reverse=True)
        return latest[:5]

    @cached_property
    def proved_at(self) -> datetime | None:
        """When one of them was last read again and found good."""
        good = (tarball.verified_at for tarball in self if tarball.verified_verdict == PROVED)
        return max((at for at in good if at), default=None)

    @cached_property
    def repeats_stamps(self) -> bool:
        """Whether two of them have one stamp."""
        return len({tarball.stamp_text for tarball in self}) < len(self)

    @property
    def by_stamp(self) -> dict[str, list[Tarball]]:
        """All of them by the text of the stamp."""
        found: dict[str, list[Tarball]] = {}
        for tarball in self:
            found.setdefault(tarball.stamp_text, []).append(tarball)
        return found


NOTHING_SEEN = Window()


@dataclass(frozen=True)
class Change:
    """A tarball that was replaced after it was complete."""

    tarball: Tarball
    noticed_at: datetime
    size_bytes_before: int
    size_bytes_after: int
    digest_before: str
    digest_after: str
