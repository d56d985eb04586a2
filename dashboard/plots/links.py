"""Takes replicas, a repo or hubs, gives where their stored pictures are: each address for ever that of the same bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from hubs.models import Hub, Replica, Repo
from probes.draw.picture import DRAWING
from probes.models import StoredPicture
from probes.pictures import (
    BELIEVED_BY_LOOKS,
    EXTENTS,
    FIRST_RANGE,
    SPARK_EXTENT,
    Form,
    Size,
    Subject,
    subject_key,
)


@dataclass(frozen=True)
class PlotLinks:
    """The picture of one plot in two widths, to be shown in a `<picture>`; lengths are in CSS pixels."""

    wide: str
    narrow: str
    png: str
    alt: str
    width: int
    height: int
    narrow_width: int
    narrow_height: int


@dataclass(frozen=True)
class SparkLink:
    """A hub's sparkline."""

    url: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class _Stored:
    """What a link needs to know of a stored picture; one that is not stored, or not up to date, has no digest."""

    digest: str
    alt: str
    width: int
    height: int


def links_of(replicas: Iterable[Replica], range_name: str) -> dict[int, PlotLinks]:
    """Return the pictures of replicas in a range, by the replica's key; reads one query."""
    replicas = list(replicas)
    stored = _stored(replicas, range_name)
    return {replica.pk: _links(replica, range_name, stored) for replica in replicas}


def links_of_repo(repo: Repo, range_name: str) -> PlotLinks:
    """Return the picture of a repo on all nodes in a range; reads one query."""
    return _links(repo, range_name, _stored([repo], range_name))


def sparks_of(hubs: Iterable[Hub]) -> dict[int, SparkLink]:
    """Return the sparklines of hubs, by the hub's key; reads one query."""
    hubs = list(hubs)
    stored = _stored(hubs, FIRST_RANGE)
    return {hub.pk: _spark(hub, stored.get((subject_key(hub), Size.SPARK))) for hub in hubs}


def address(subject: Subject, kind: str, **query: str) -> str:
    """Return the address of a picture of a kind, svg or png; empty parts of the query are left out."""
    if isinstance(subject, Hub):
        path = reverse("plot-hub", args=[subject.tag])
    elif isinstance(subject, Replica):
        path = reverse("plot", args=[subject.hub.tag, subject.node.tag, kind])
        query["replica"] = str(subject.pk)  # the node may hold two roots of the hub
    else:
        path = reverse("plot-repo", args=[subject.hub.tag, subject.category, subject.name, kind])
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _stored(subjects: Iterable[Subject], range_name: str) -> dict[tuple[str, str], _Stored]:
    """Return what is stored as SVG and was lately found up to date, by subject and size."""
    rows = StoredPicture.objects.filter(
        subject__in=[subject_key(subject) for subject in subjects],
        range_name=range_name,
        form=Form.SVG,
        drawing=DRAWING,
        checked_at__gt=timezone.now() - BELIEVED_BY_LOOKS,
    ).values_list("subject", "size", "digest", "alt", "width", "height")
    return {
        (subject, size): _Stored(digest, alt, width, height)
        for subject, size, digest, alt, width, height in rows
    }


def _links(
    subject: Replica | Repo, range_name: str, stored: dict[tuple[str, str], _Stored]
) -> PlotLinks:
    wide, narrow = (
        stored.get((subject_key(subject), size)) or _not_stored(subject, size) for size in EXTENTS
    )
    return PlotLinks(
        wide=_svg(subject, range_name, Size.WIDE, wide.digest),
        narrow=_svg(subject, range_name, Size.NARROW, narrow.digest),
        png=address(subject, "png", range=range_name),
        alt=wide.alt,
        width=wide.width,
        height=wide.height,
        narrow_width=narrow.width,
        narrow_height=narrow.height,
    )


def _svg(subject: Subject, range_name: str, size: str, digest: str) -> str:
    return address(subject, "svg", range=range_name, size=size, v=digest)


def _not_stored(subject: Replica | Repo, size: str) -> _Stored:
    """Return what may be said of a picture that its first reader will have drawn."""
    extent = EXTENTS[StoredPicture.Size(size)]
    where = (
        f"on {subject.node.tag}"
        if isinstance(subject, Replica)
        else f"of {subject.path} on each node"
    )
    told = f"Sizes and number of the tarballs of {subject.hub.tag} {where}, by day"
    return _Stored("", told, extent.width, extent.height)


def _spark(hub: Hub, stored: _Stored | None) -> SparkLink:
    told = stored.alt if stored else f"Bytes of the tarballs of {hub.tag}, by day"
    width, height = SPARK_EXTENT
    return SparkLink(address(hub, "svg", v=stored.digest if stored else ""), told, width, height)
