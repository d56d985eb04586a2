"""Keeps plots as pictures: takes whose and in which form, gives a stored one, drawn anew when what it shows has changed.

A change (of tarballs, of findings) only marks pictures; each is then drawn once, by whoever comes first: the pipeline
for what pages show first, else the first request. A picture is replaced only by what was read after the last change.
"""

import gzip
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import groupby
from typing import Any, NamedTuple, Protocol

from django.db import OperationalError
from django.db.models import F, Q, QuerySet

from hubs.models import Hub, Node, Replica, Repo
from probes.draw import bands as planned
from probes.draw import spark
from probes.draw.day_bytes import day_bytes
from probes.draw.elements import size_of
from probes.draw.marks import TONES
from probes.draw.picture import DRAWING, alt_of, svg_of
from probes.draw.png import png_of
from probes.draw.series import Plot, plot, plot_of_repo
from probes.draw.spark import DayBytes, spark_alt, spark_of
from probes.draw.themes import BOTH
from probes.models import Finding, StoredPicture

log = logging.getLogger("scmmon.pictures")

Size, Form = StoredPicture.Size, StoredPicture.Form
Subject = Replica | Repo | Hub
Marker = tuple[datetime, str, str]
Band = tuple[datetime, datetime, str]


class Extent(NamedTuple):
    """How large a picture is in CSS pixels, and how many of its lines have a name."""

    width: int
    height: int
    most_named: int


EXTENTS = {Size.WIDE: Extent(960, 560, 8), Size.NARROW: Extent(420, 600, 4)}
SPARK_EXTENT = spark.WIDTH, spark.HEIGHT
FIRST_RANGE = "1m"  # what a page shows first
PIXELS_A_CSS_PIXEL = 2
GZIP_LEVEL = 6
MOST_FINDINGS, MOST_MARKS = 500, 24
BELIEVED = timedelta(hours=1)  # by one who asks for the newest
BELIEVED_BY_LOOKS = timedelta(days=1)  # as what is set in the admin is seen by no look
_REPO = "repo__category", "repo__name"
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Wanted:
    """Which picture: of what, of which range, how broad, made of what."""

    subject: Subject
    range_name: str = FIRST_RANGE
    size: str = Size.WIDE
    form: str = Form.SVG

    @property
    def key(self) -> dict[str, str]:
        """The fields by which its row is found."""
        return {
            "subject": subject_key(self.subject),
            "range_name": self.range_name,
            "size": self.size,
            "form": self.form,
        }


def subject_key(subject: Subject) -> str:
    """Return the text that names a subject in a row."""
    return f"{subject._meta.model_name} {subject.pk}"


def hub_of(subject: Subject) -> Hub:
    """Return whose hub a subject is."""
    return subject if isinstance(subject, Hub) else subject.hub


def in_first_forms(subject: Subject) -> list[Wanted]:
    """Return the pictures of a subject that are drawn as soon as it changed, as pages show them first."""
    if isinstance(subject, Hub):
        return [Wanted(subject, size=Size.SPARK)]
    return [Wanted(subject, size=size) for size in EXTENTS]


# --- Marking -----------------------------------------------------------------------------------


def mark_changed(hub: Hub, replica_ids: Collection[int | None]) -> None:
    """Mark the pictures of these replicas, the hub's own and those of its repos; with None among them, all of the hub.

    Rows for what pages show first of these replicas are made where there are none.
    """
    pictures = StoredPicture.objects.filter(hub=hub)
    if None not in replica_ids:
        pictures = pictures.filter(Q(replica=None) | Q(replica__in=replica_ids))
    _mark(pictures)
    replicas = Replica.objects.filter(hub=hub, pk__in=[pk for pk in replica_ids if pk])
    subjects: list[Subject] = [hub, *replicas]
    StoredPicture.objects.bulk_create(
        [_empty(wanted) for subject in subjects for wanted in in_first_forms(subject)],
        ignore_conflicts=True,
    )


def mark_all(hubs: QuerySet[Hub]) -> None:
    """Mark every picture of some hubs."""
    _mark(StoredPicture.objects.filter(hub__in=hubs.order_by().values("pk")))


def _mark(pictures: QuerySet[StoredPicture]) -> None:
    pictures.update(checked_at=None, turn=F("turn") + 1)


def waiting(hub: Hub, now: datetime) -> list[list[Wanted]]:
    """Return the pictures of a hub that pages show first and that are marked or long unchecked, by their subject."""
    rows = (
        StoredPicture.objects.filter(
            # A clock that was ahead is no reason to believe for long.
            Q(checked_at=None) | Q(checked_at__lt=now - BELIEVED_BY_LOOKS) | Q(checked_at__gt=now),
            hub=hub,
            range_name=FIRST_RANGE,
            form=Form.SVG,
            repo=None,
        )
        .select_related("hub__policy", "replica__node", "replica__hub__policy")
        .defer("content", "alt")
        .order_by("subject", "size")
    )
    wanted = [Wanted(row.replica or row.hub, row.range_name, row.size, row.form) for row in rows]
    return [list(group) for _, group in groupby(wanted, lambda each: subject_key(each.subject))]


# --- Giving and storing ------------------------------------------------------------------------


def current(wanted: Wanted, now: datetime) -> StoredPicture:
    """Return a picture of what is stored now; it is drawn only where it may show something else.

    Who asks only reads: he gets it where it cannot be stored too, as the disk is full or the database locked.
    """
    try:
        row = _row(wanted)
    except OperationalError:
        log.warning("there is no row for a picture", exc_info=True)
        row = _empty(wanted)
    if row.drawing == DRAWING and row.checked_at and now - BELIEVED < row.checked_at <= now:
        return row
    fields = _new_fields(wanted, row, _read(wanted, now), now)
    try:
        _store(row, fields)
    except OperationalError:
        log.warning("a picture could not be stored", exc_info=True)
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def redraw(pictures: Sequence[Wanted], now: datetime) -> None:
    """Bring pictures of one subject and range up to what is stored now; its numbers are read once."""
    rows = [_row(each) for each in pictures]
    read = _read(pictures[0], now)
    for each, row in zip(pictures, rows, strict=True):
        _store(row, _new_fields(each, row, read, now))


def _row(wanted: Wanted) -> StoredPicture:
    """Return a picture's row, new and empty where there is none: what changes from now on is marked in it."""
    row = StoredPicture.objects.filter(**wanted.key).first()
    if row is None:
        StoredPicture.objects.bulk_create([_empty(wanted)], ignore_conflicts=True)
        row = StoredPicture.objects.get(**wanted.key)
    return row


def _empty(wanted: Wanted) -> StoredPicture:
    subject = wanted.subject
    return StoredPicture(
        hub=hub_of(subject),
        replica=subject if isinstance(subject, Replica) else None,
        repo=subject if isinstance(subject, Repo) else None,
        content=b"",
        width=0,
        height=0,
        drawing=0,
        drawn_at=EPOCH,
        **wanted.key,
    )


def _new_fields(wanted: Wanted, row: StoredPicture, read: "_Read", now: datetime) -> dict[str, Any]:
    """Return what a row is to hold by what was read after it; it is drawn where that is something else."""
    fingerprint = read.fingerprint(wanted)
    fields: dict[str, Any] = {"checked_at": now}
    if row.drawing != DRAWING or row.fingerprint != fingerprint:
        content, width, height = read.drawn(wanted)
        fields |= {
            "digest": _hash(content),
            "fingerprint": fingerprint,
            "content": compressed(content) if wanted.form == Form.SVG else content,
            "width": width,
            "height": height,
            "alt": read.alt,
            "drawing": DRAWING,
            "drawn_at": now,
        }
    return fields


def _store(row: StoredPicture, fields: dict[str, Any]) -> None:
    """Store a picture, unless something changed since its row was read."""
    StoredPicture.objects.filter(pk=row.pk, turn=row.turn).update(**fields)


def compressed(content: bytes) -> bytes:
    """Return bytes as gzip, always the same ones."""
    return gzip.compress(content, GZIP_LEVEL, mtime=0)


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


# --- What a picture is drawn from --------------------------------------------------------------


class _Read(Protocol):
    """All that a picture is drawn from, read at one moment."""

    @property
    def alt(self) -> str: ...
    def fingerprint(self, wanted: Wanted) -> str: ...
    def drawn(self, wanted: Wanted) -> tuple[bytes, int, int]: ...


def _read(wanted: Wanted, now: datetime) -> _Read:
    subject = wanted.subject
    if isinstance(subject, Hub):
        return _ReadSpark(subject.tag, day_bytes(subject, now))
    if isinstance(subject, Replica):
        return _read_replica(subject, wanted.range_name, now)
    return _read_repo(subject, wanted.range_name, now)


def _read_replica(replica: Replica, range_name: str, now: datetime) -> "_ReadPlot":
    numbers = plot(replica, range_name, now)
    about = Q(replica=replica) | Q(replica=None)
    markers, named = marks_of(Finding.objects.filter(about, hub=replica.hub_id), numbers)
    bands = _bands(replica.hub, [replica.node], numbers)
    return _ReadPlot(_title(replica), numbers, markers, bands, named)


def _title(replica: Replica) -> str:
    """Return the hub's and the node's tags, and the root where the node holds two of the hub."""
    others = Replica.objects.filter(hub=replica.hub_id, node=replica.node_id).exclude(pk=replica.pk)
    root = f", {replica.root}" if others.exists() else ""
    return f"{replica.hub.tag} on {replica.node.tag}{root}"


def _read_repo(repo: Repo, range_name: str, now: datetime) -> "_ReadPlot":
    replicas = Replica.objects.filter(hub=repo.hub_id).select_related("node", "hub__policy")
    numbers = plot_of_repo(repo, list(replicas), range_name, now)
    markers, _ = marks_of(Finding.objects.filter(repo=repo), numbers)
    bands = _bands(repo.hub, [], numbers)
    return _ReadPlot(f"{repo.hub.tag} {repo.path}", numbers, markers, bands, each="on each node")


def _bands(hub: Hub, nodes: list[Node], numbers: Plot) -> list[Band]:
    return [(span.begin, span.end, span.reason) for span in planned.bands(hub, nodes, numbers)]


def marks_of(findings: QuerySet[Finding], numbers: Plot) -> tuple[list[Marker], list[str]]:
    """Return marks for open findings and for those of the days of a plot, and the repos of the open ones.

    All that say the same of one day are one mark.
    """
    if numbers.begin is None:
        return [], []
    begin = datetime.combine(numbers.begin, time(), numbers.zone)
    rows = (
        findings.filter(Q(closed_at=None) | Q(opened_at__gte=begin), told_in=None)
        .select_related("repo")
        .only("code", "severity", "stamp_at", "opened_at", "closed_at", *_REPO)
        .order_by(F("closed_at").desc(nulls_first=True), "-opened_at", "pk")[:MOST_FINDINGS]
    )
    same: dict[tuple[date, str, str], list[datetime]] = defaultdict(list)
    repos = set()
    for row in rows:
        at = row.stamp_at or row.opened_at
        tone = "" if row.closed_at else row.severity
        same[at.astimezone(numbers.zone).date(), tone, row.code].append(at)
        if row.repo and tone:
            repos.add(row.repo.path)
    worst_first = sorted(same, key=lambda each: (TONES.index(each[1]), each[0]), reverse=True)
    marks = [
        (max(same[each]), each[1], _mark_label(*each[1:], len(same[each])))
        for each in worst_first[:MOST_MARKS]
    ]
    return marks, sorted(repos)


def _mark_label(tone: str, code: str, times: int) -> str:
    words = code.replace("_", " ")
    many = f" ({times})" if times > 1 else ""
    return f"{words}{many}" if tone else f"{words}{many}, closed"


@dataclass(frozen=True)
class _ReadPlot:
    title: str
    numbers: Plot
    markers: list[Marker]
    bands: list[Band]
    named: Sequence[str] = ()
    each: str = "of each repo"

    @property
    def alt(self) -> str:
        return alt_of(self.numbers, self.title)

    def fingerprint(self, wanted: Wanted) -> str:
        return _hash(repr((EXTENTS[Size(wanted.size)], self)).encode())

    def drawn(self, wanted: Wanted) -> tuple[bytes, int, int]:
        extent = EXTENTS[Size(wanted.size)]
        svg = svg_of(
            self.numbers,
            title=self.title,
            theme=BOTH if wanted.form == Form.SVG else wanted.form,
            width=extent.width,
            height=extent.height,
            markers=self.markers,
            named=self.named,
            most_named=extent.most_named,
            bands=self.bands,
            each=self.each,
        )
        width, height = size_of(svg)
        if wanted.form == Form.SVG:
            return svg.encode(), width, height
        return png_of(svg, width_px=width * PIXELS_A_CSS_PIXEL), width, height


@dataclass(frozen=True)
class _ReadSpark:
    title: str
    days: DayBytes

    @property
    def alt(self) -> str:
        return spark_alt(self.days, self.title)

    def fingerprint(self, wanted: Wanted) -> str:
        return _hash(repr(self).encode())

    def drawn(self, wanted: Wanted) -> tuple[bytes, int, int]:
        svg = spark_of(self.days, title=self.title)
        return svg.encode(), *size_of(svg)
