"""Stores a complete sighting: all of it or nothing, and nothing at all for a month that is as it was.

Owns TarballSnapshot, TarballEvent and RepoMonth. Rows are never deleted here: a tarball that a full look does
not find gets its `gone_at`, one that changed after it was complete becomes an event.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from hubs.models import Replica, Repo
from hubs.names import key, to_bytes, to_text
from probes.look.bulk import insert_rows, update_rows
from probes.look.layout import STAMP_LENGTH, Month, parse_month, split_place, stamp_at, stamp_text
from probes.look.looking import Sighting
from probes.look.observation import (
    KnownMonth,
    KnownSidecar,
    MonthSeen,
    Observation,
    SidecarSeen,
    TarballSeen,
)
from probes.look.sidecar import LONGEST_SIDECAR_BYTES, SidecarError, parse_sidecar
from probes.models import RepoMonth, SidecarState, TarballEvent, TarballSnapshot
from probes.thin import COARSE_POINTS, FINE_POINTS, thin

GREATEST_SUM = (1 << 63) - 1  # what a database holds
KEYS_A_QUERY = 500
SHA256_DIGITS = 64

EMPTY_DIGEST = "gone"  # of a month that was looked for and is not there; no listing has it

SIGHTED = (
    "size_bytes",
    "mtime_at",
    "sidecar_kind",
    "sidecar_state",
    "sidecar_problem",
    "sidecar_digest",
    "sidecar_size_bytes",
    "sidecar_length",
    "sidecar_mtime_at",
)
INSERTED = (
    "replica",
    "repo",
    "path",
    "path_key",
    "stamp_at",
    "stamp_text",
    *SIGHTED,
    "first_seen_at",
    "gone_at",
    "verified_level",
    "verified_verdict",
)


@dataclass
class Counts:
    """What storing a sighting changed."""

    new: int = 0
    changed: int = 0
    gone: int = 0


class Sighted(NamedTuple):
    """The values of a snapshot that a look may change; the fields of SIGHTED."""

    size_bytes: int
    mtime_at: datetime | None
    sidecar_kind: str = ""
    sidecar_state: str = SidecarState.ABSENT
    sidecar_problem: str = ""
    sidecar_digest: str = ""
    sidecar_size_bytes: int | None = None
    sidecar_length: int | None = None
    sidecar_mtime_at: datetime | None = None


# --- What is known -----------------------------------------------------------------------------


def known_months(replica: Replica) -> dict[bytes, KnownMonth]:
    """Return what is stored of each month of a replica, by directory."""
    months = RepoMonth.objects.filter(replica=replica).values_list(
        "directory", "digest", "tarballs", "size_bytes"
    )
    return {
        to_bytes(directory): KnownMonth(digest, tarballs, size_bytes)
        for directory, digest, tarballs, size_bytes in months
    }


def known_sidecars(replica: Replica, directory: bytes) -> dict[bytes, KnownSidecar]:
    """Return the sidecars of a month that need not be read again unless they changed, by the tarball's tail."""
    return {
        tail: KnownSidecar(row.sidecar_kind, row.sidecar_length, _epoch(row.sidecar_mtime_at))
        for tail, row in _rows_of(replica, directory).items()
        if row.sidecar_kind and row.sidecar_state != SidecarState.UNREAD
    }


def _rows_of(replica: Replica, directory: bytes) -> dict[bytes, TarballSnapshot]:
    """Return the snapshots below a month's directory, by tail."""
    month = parse_month(directory)
    repo = Repo.objects.filter(
        hub=replica.hub_id, category=to_text(month.category), name=to_text(month.name)
    ).first()
    if repo is None:
        return {}
    begins = datetime(month.year, month.month, 1, tzinfo=UTC)
    near = (begins - timedelta(days=2), begins + timedelta(days=33))
    prefix = to_text(directory) + "/"
    rows = TarballSnapshot.objects.filter(replica=replica, repo=repo, stamp_at__range=near)
    return {to_bytes(row.path[len(prefix) :]): row for row in rows if row.path.startswith(prefix)}


# --- Storing a sighting ------------------------------------------------------------------------


def ingest(
    replica: Replica,
    sighting: Sighting,
    now: datetime,
    settled_after: timedelta,
    checkpoint: Callable[[], None] = lambda: None,
) -> Counts:
    """Store what was seen of a replica, in the caller's transaction; return what that changed.

    A tarball counts as complete once it has a sidecar, or had been untouched for `settled_after` when it
    was first seen. `checkpoint` is called now and then, and raises to give up.
    """
    writer = _Writer(replica, now, settled_after, sighting.extensions, checkpoint=checkpoint)
    known = known_months(replica)
    for month in sighting.months():
        writer.store(month, is_known=month.directory in known)
    writer.flush()
    for directory, about in known.items():
        was_there = bool(about.tarballs) or not about.digest
        if was_there and directory not in sighting.directories and sighting.has_walked(directory):
            writer.store(MonthSeen(directory, EMPTY_DIGEST, []), is_known=True)
    writer.flush()
    return writer.counts


@dataclass
class _Writer:
    replica: Replica
    now: datetime
    settled_after: timedelta
    extensions: tuple[bytes, ...]
    checkpoint: Callable[[], None]
    counts: Counts = field(default_factory=Counts)
    repos: dict[tuple[str, str], int] = field(default_factory=dict)
    inserts: list[tuple[Any, ...]] = field(default_factory=list)
    updates: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[TarballEvent] = field(default_factory=list)
    months: list[RepoMonth] = field(default_factory=list)

    def store(self, seen: MonthSeen, *, is_known: bool) -> None:
        """Take one month; written by the next flush."""
        self.checkpoint()
        month = parse_month(seen.directory)
        repo_id = self.repo_id(month)
        rows = _rows_of(self.replica, seen.directory) if is_known else {}
        points = [(_epoch(row.stamp_at) or 0, row.size_bytes, tail) for tail, row in rows.items()]
        for tarball in seen.tarballs:
            row = rows.pop(tarball.tail, None)
            if row is None:
                moment = self.insert(repo_id, seen.directory, tarball)
                points.append((int(moment.timestamp()), tarball.file.size_bytes, tarball.tail))
            else:
                self.compare(row, tarball)
        left = [
            row
            for tail, row in rows.items()
            if row.gone_at is None and tail.endswith(self.extensions)
        ]
        self.mark_gone(left)
        # A sidecar that could not be read this time must be asked for again.
        unread = any(
            t.sidecar and t.sidecar.asked and t.sidecar.content is None for t in seen.tarballs
        )
        digest = "" if unread else seen.digest
        sizes = [tarball.file.size_bytes for tarball in seen.tarballs]
        self.months.append(month_row(self.replica, repo_id, seen.directory, digest, sizes, points))
        if len(self.inserts) + len(self.updates) + len(self.months) > 4000:
            self.flush()

    def repo_id(self, month: Month) -> int:
        """Return the repo of a month, making it when it is new."""
        names = to_text(month.category), to_text(month.name)
        if names not in self.repos:
            repo, _ = Repo.objects.get_or_create(
                hub_id=self.replica.hub_id, category=names[0], name=names[1]
            )
            self.repos[names] = repo.pk
        return self.repos[names]

    def insert(self, repo_id: int, directory: bytes, tarball: TarballSeen) -> datetime:
        """Take a tarball that was never seen; return the moment of its stamp."""
        stamp = stamp_text(directory, tarball.tail)
        moment = stamp_at(stamp, self.replica.hub.zone)
        path = to_text(directory + b"/" + tarball.tail)
        seen = sighted(tarball, None)
        self.inserts.append(
            (
                self.replica.pk,
                repo_id,
                path,
                key(path),
                moment,
                stamp,
                *seen,
                self.now,
                None,
                "",
                "",
            )
        )
        self.counts.new += 1
        return moment

    def compare(self, row: TarballSnapshot, tarball: TarballSeen) -> None:
        """Take a tarball that is known: nothing when it is as it was."""
        before = Sighted(*(getattr(row, name) for name in SIGHTED))
        after = sighted(tarball, before)
        if row.gone_at is not None:
            self.note(TarballEvent.Kind.RETURNED, row, before, after)
        if is_other_tarball(before, after) and self.was_complete(row):
            self.note(TarballEvent.Kind.CHANGED, row, before, after)
            self.counts.changed += 1
        if before != after or row.gone_at is not None:
            self.updates.append((*after, None, row.pk))

    def was_complete(self, row: TarballSnapshot) -> bool:
        """Say whether the tarball was finished when it was last seen."""
        if row.sidecar_kind:
            return True
        return row.mtime_at is not None and row.first_seen_at - row.mtime_at >= self.settled_after

    def note(self, kind: str, row: TarballSnapshot, before: Sighted, after: Sighted) -> None:
        """Take an event."""
        self.events.append(
            TarballEvent(
                snapshot=row,
                kind=kind,
                noticed_at=self.now,
                size_bytes_before=before.size_bytes,
                size_bytes_after=after.size_bytes,
                mtime_at_before=before.mtime_at,
                mtime_at_after=after.mtime_at,
                digest_before=before.sidecar_digest,
                digest_after=after.sidecar_digest,
                gone_at_before=row.gone_at,
            )
        )

    def mark_gone(self, rows: list[TarballSnapshot]) -> None:
        """Take tarballs that are not in a month that was listed completely."""
        for row in rows:
            self.updates.append((*(getattr(row, name) for name in SIGHTED), self.now, row.pk))
        self.counts.gone += len(rows)

    def flush(self) -> None:
        """Write what was taken."""
        insert_rows(TarballSnapshot, INSERTED, self.inserts)
        update_rows(TarballSnapshot, (*SIGHTED, "gone_at"), self.updates)
        TarballEvent.objects.bulk_create(self.events, batch_size=500)
        save_months(self.months)
        self.inserts, self.updates, self.events, self.months = [], [], [], []


def month_row(
    replica: Replica,
    repo_id: int,
    directory: bytes,
    digest: str,
    sizes: list[int],
    points: list[tuple[int, int, bytes]],
) -> RepoMonth:
    """Return a month's row: `sizes` are of the tarballs there now, `points` (epoch seconds, bytes, tail) of all ever."""
    text = to_text(directory)
    return RepoMonth(
        replica=replica,
        repo_id=repo_id,
        directory=text,
        directory_key=key(text),
        starts_on=parse_month(directory).starts_on,
        digest=digest,
        tarballs=len(sizes),
        size_bytes=min(GREATEST_SUM, sum(sizes)),
        **plot_numbers(points),
    )


def save_months(months: list[RepoMonth]) -> None:
    """Insert or replace rows of months."""
    RepoMonth.objects.bulk_create(
        months,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["replica", "directory_key"],
        update_fields=[
            "digest",
            "tarballs",
            "size_bytes",
            "day_counts",
            "fine_points",
            "coarse_points",
        ],
    )


def plot_numbers(points: Iterable[tuple[int, int, bytes]]) -> dict[str, Any]:
    """Return the plot fields of a month from (epoch seconds, bytes, tail) of its tarballs."""
    ordered = sorted(points)
    sizes = [(moment, size) for moment, size, _ in ordered]
    days = Counter(int(tail[:2]) for _, _, tail in ordered)
    return {
        "day_counts": {str(day): count for day, count in sorted(days.items())},
        "fine_points": thin(sizes, FINE_POINTS),
        "coarse_points": thin(sizes, COARSE_POINTS),
    }


def sighted(tarball: TarballSeen, before: Sighted | None) -> Sighted:
    """Return a tarball's values as seen; `before` gives what a sidecar said that was not read again."""
    size_bytes, mtime_at = tarball.file.size_bytes, _moment(tarball.file.mtime_epoch)
    sidecar = tarball.sidecar
    if sidecar is None:
        return Sighted(size_bytes, mtime_at)
    kind, length = sidecar.kind, sidecar.file.size_bytes
    sidecar_mtime_at = _moment(sidecar.file.mtime_epoch)
    if before is not None and not sidecar.asked:
        known = before.sidecar_kind, before.sidecar_length, before.sidecar_mtime_at
        if known == (kind, length, sidecar_mtime_at):
            return before._replace(size_bytes=size_bytes, mtime_at=mtime_at)
    state, problem, digest, said_bytes = sidecar_says(sidecar, tarball.tail[STAMP_LENGTH + 1 :])
    return Sighted(
        size_bytes, mtime_at, kind, state, problem, digest, said_bytes, length, sidecar_mtime_at
    )


def sidecar_says(sidecar: SidecarSeen, file_name: bytes) -> tuple[str, str, str, int | None]:
    """Return a sidecar's state, what is wrong with it, and the digest and size that it tells."""
    if sidecar.content is None and sidecar.asked:
        return SidecarState.UNREAD, "the node did not show it", "", None
    try:
        if sidecar.file.size_bytes > LONGEST_SIDECAR_BYTES:
            raise SidecarError(f"it is longer than {LONGEST_SIDECAR_BYTES} bytes")
        said = parse_sidecar(sidecar.kind, sidecar.content or b"", file_name)
    except SidecarError as problem:
        return SidecarState.BAD, str(problem)[:120], "", None
    return SidecarState.OK, "", said.digest, said.size_bytes


def is_other_tarball(before: Sighted, after: Sighted) -> bool:
    """Say whether a tarball is not the one it was; a sidecar that only arrives, or goes, is no change."""
    if before.size_bytes != after.size_bytes:
        return True
    # A form of listing may not know the time, and digests of two kinds cannot be compared: no evidence.
    if before.mtime_at and after.mtime_at and before.mtime_at != after.mtime_at:
        return True
    if before.sidecar_kind != after.sidecar_kind:
        return False
    both = before.sidecar_digest and after.sidecar_digest
    return bool(both) and before.sidecar_digest != after.sidecar_digest


def _moment(epoch: int | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


# --- History from elsewhere --------------------------------------------------------------------


_Months = dict[bytes, dict[bytes, Observation]]  # by directory and tail


def store_history(replica: Replica, observations: Iterable[Observation], now: datetime) -> int:
    """Store tarballs of the past that no look has seen; return how many were new.

    What is stored already stays as it is, so doing it twice changes nothing. What is not said to be gone
    is taken as last seen there; the next look at its month decides. Where nobody knows when a tarball was first seen,
    the later of its stamp and its time is taken. Paths that do not fit the layout are left out.
    """
    zone = replica.hub.zone
    with transaction.atomic():
        every_month = _by_month(observations)
        known = _known_directories(replica, every_month)
        months = _unknown(replica, every_month, known)
        repo_ids = _repo_ids(replica, months)
        inserts: list[tuple[Any, ...]] = []
        month_rows = []
        for directory, tarballs in months.items():
            repo_id = repo_ids[parse_month(directory)[:2]]
            stored = _rows_of(replica, directory) if directory in known else {}
            sizes = [row.size_bytes for row in stored.values() if row.gone_at is None]
            sizes += [seen.size_bytes for seen in tarballs.values() if seen.gone_at is None]
            points = [
                (_epoch(row.stamp_at) or 0, row.size_bytes, tail) for tail, row in stored.items()
            ]
            for tail, seen in tarballs.items():
                stamp = stamp_text(directory, tail)
                moment = stamp_at(stamp, zone)
                path = to_text(seen.path)
                place = replica.pk, repo_id, path, key(path), moment, stamp
                inserts.append((*place, *_history_values(seen, moment, now)))
                points.append((int(moment.timestamp()), seen.size_bytes, tail))
            month_rows.append(month_row(replica, repo_id, directory, "", sizes, points))
        insert_rows(TarballSnapshot, INSERTED, inserts)
        save_months(month_rows)
        return len(inserts)


def _by_month(observations: Iterable[Observation]) -> _Months:
    months: _Months = {}
    for observation in observations:
        place = split_place(observation.path)
        if place is not None:
            months.setdefault(place[0], {})[place[1]] = observation
    return months


def _known_directories(replica: Replica, directories: Iterable[bytes]) -> set[bytes]:
    """Return those of the months' directories of which something is stored."""
    known: set[bytes] = set()
    for some in _batches([key(to_text(directory)) for directory in directories]):
        months = RepoMonth.objects.filter(replica=replica, directory_key__in=some)
        known.update(map(to_bytes, months.values_list("directory", flat=True)))
    return known


def _unknown(replica: Replica, months: _Months, known: Collection[bytes]) -> _Months:
    """Return the tarballs of which no row is stored, by month and tail; months without any are left out."""
    unknown = {directory: dict(months[directory]) for directory in months}
    places = {
        key(to_text(seen.path)): (directory, tail)
        for directory in known
        for tail, seen in months[directory].items()
    }
    for some in _batches(list(places)):
        stored = TarballSnapshot.objects.filter(replica=replica, path_key__in=some)
        for path_key in stored.values_list("path_key", flat=True):
            directory, tail = places[path_key]
            del unknown[directory][tail]
    return {directory: tarballs for directory, tarballs in unknown.items() if tarballs}


def _repo_ids(replica: Replica, directories: Iterable[bytes]) -> dict[tuple[bytes, bytes], int]:
    """Return the repos of months' directories by category and name, making those that are new."""
    ids = {}
    for category, name in {parse_month(directory)[:2] for directory in directories}:
        repo, _ = Repo.objects.get_or_create(
            hub_id=replica.hub_id, category=to_text(category), name=to_text(name)
        )
        ids[category, name] = repo.pk
    return ids


def _batches(keys: list[str]) -> Iterator[list[str]]:
    """Yield as many keys at a time as a statement may hold."""
    for start in range(0, len(keys), KEYS_A_QUERY):
        yield keys[start : start + KEYS_A_QUERY]


def _history_values(seen: Observation, stamped_at: datetime, now: datetime) -> tuple[Any, ...]:
    """Return a past tarball's values for the fields of INSERTED from SIGHTED on."""
    first_seen_at = seen.first_seen_at
    if first_seen_at is None:  # not before it was there, not after it was gone
        written_at = max(stamped_at, seen.mtime_at or stamped_at)
        first_seen_at = min(written_at, seen.gone_at or now, now)
    values = Sighted(seen.size_bytes, seen.mtime_at)
    if seen.sidecar_digest or seen.sidecar_size_bytes is not None:
        values = Sighted(
            seen.size_bytes,
            seen.mtime_at,
            "sha256" if len(seen.sidecar_digest) == SHA256_DIGITS else "dna",
            SidecarState.OK,
            sidecar_digest=seen.sidecar_digest,
            sidecar_size_bytes=seen.sidecar_size_bytes,
        )
    return (*values, first_seen_at, seen.gone_at, "", "")
