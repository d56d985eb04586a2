"""Every read of the pages: takes who asks, gives rows that he may see; what he may not see is not there (404)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.http import Http404
from django.shortcuts import get_object_or_404

from alerts.message import Kind
from alerts.models import Channel, Delivery, DeliveryStatus, Notification, Route
from dashboard.access import Reader, hidden_hubs, visible_hubs
from dashboard.plots.links import SparkLink
from hubs.models import Hub, Node, Replica, Repo
from probes.answers import muted
from probes.judge.conclusion import Conclusion, conclusions, newest_stamp
from probes.models import CollectRun, Finding, RepoMonth, TarballEvent, TarballSnapshot

WORST_FIRST = ["alarm", "unknown", "warn", "ok"]
REPLICAS_A_QUERY = 100  # how many columns one newest-tarball query has
GIVEN_UP_LATELY = timedelta(days=7)
NOBODY_SENDS = timedelta(hours=1)  # after its time, what was never tried has nobody who sends it


class Newest(NamedTuple):
    """The newest tarball of a repo on a replica; a wide page has thousands, so it is no model."""

    replica_id: int
    repo_id: int
    stamp_at: datetime
    size_bytes: int
    sidecar_kind: str
    sidecar_state: str
    pk: int
    verified_level: str
    verified_at: datetime | None
    verified_verdict: str


@dataclass(frozen=True)
class HubRow:
    """A hub and what is to be said of it."""

    hub: Hub
    conclusion: Conclusion
    spark: SparkLink | None = None

    @property
    def unknown_words(self) -> str:
        """How many of its replicas are unknown."""
        return f"{self.conclusion.unknown_replicas} unknown"


def hubs_worst_first(reader: Reader, now: datetime) -> list[HubRow]:
    """Return every hub with its conclusion."""
    hubs = list(visible_hubs(reader).select_related("policy"))
    concluded = conclusions(hubs, now)
    rows = [HubRow(hub, concluded[hub.pk]) for hub in hubs]
    return sorted(rows, key=lambda row: (WORST_FIRST.index(row.conclusion.state), row.hub.tag))


def hub_of(reader: Reader, tag: str) -> Hub:
    """Return one hub."""
    return get_object_or_404(visible_hubs(reader).select_related("policy"), tag=tag)


def replicas_of(hub: Hub, node: str | None = None) -> list[Replica]:
    """Return a hub's replicas, sources first; those on one node when it is named."""
    replicas = Replica.objects.filter(hub=hub).select_related("node", "hub__policy")
    if node is not None:
        replicas = replicas.filter(node__tag=node)
    return list(replicas)


def enabled_replicas(hubs: Sequence[Hub]) -> list[Replica]:
    """Return the replicas of these hubs that are looked at."""
    replicas = Replica.objects.filter(hub__in=hubs, enabled=True)
    return list(replicas.select_related("hub", "node").order_by("hub__tag", "node__tag", "pk"))


def replica_on(reader: Reader, hub: str, node: str, replica_id: str = "") -> Replica:
    """Return the replica of a hub on a node: the first, or, of two roots there, the one with that id."""
    replicas = (
        Replica.objects.exclude(hub__in=hidden_hubs(reader))
        .filter(hub__tag=hub, node__tag=node)
        .select_related("node", "hub__policy")
    )
    if replica_id:
        replicas = replicas.filter(pk=whole_number(replica_id))
    replica = replicas.first()
    if replica is None:
        raise Http404("no such replica")
    return replica


def whole_number(text: str) -> int:
    """Return the number that an id in a URL is; anything else is 404."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404("no such id")
    return int(text)


def repo_of(reader: Reader, hub: str, category: str, name: str) -> Repo:
    """Return one repo."""
    repos = Repo.objects.exclude(hub__in=hidden_hubs(reader)).select_related(
        "hub__policy", "policy"
    )
    return get_object_or_404(repos, hub__tag=hub, category=category, name=name)


def newest_tarballs(
    hub: Hub, replicas: Sequence[Replica], repos: Sequence[Repo]
) -> dict[tuple[int, int], Newest]:
    """Return the newest tarball that is still there, by (replica id, repo id).

    Each is one step into the index (replica, repo, stamp_at), so the cost does not grow with history.
    """
    return _newest(hub, replicas, repos, gone=False)


def newest_gone_tarballs(
    hub: Hub, replicas: Sequence[Replica], repos: Sequence[Repo]
) -> dict[tuple[int, int], Newest]:
    """Return the newest tarball that is there no more, by (replica id, repo id)."""
    return _newest(hub, replicas, repos, gone=True)


def _newest(
    hub: Hub, replicas: Sequence[Replica], repos: Sequence[Repo], *, gone: bool
) -> dict[tuple[int, int], Newest]:
    ids: list[int] = []
    for start in range(0, len(replicas), REPLICAS_A_QUERY):
        columns = {
            f"newest_{replica.pk}": Subquery(
                TarballSnapshot.objects.filter(
                    replica_id=replica.pk, repo=OuterRef("pk"), gone_at__isnull=not gone
                )
                .order_by("-stamp_at")
                .values("pk")[:1]
            )
            for replica in replicas[start : start + REPLICAS_A_QUERY]
        }
        rows = Repo.objects.filter(hub=hub, pk__in=[repo.pk for repo in repos]).order_by()
        for row in rows.annotate(**columns).values_list(*columns):
            ids.extend(pk for pk in row if pk is not None)
    found = TarballSnapshot.objects.filter(pk__in=ids).order_by().values_list(*Newest._fields)
    return {(tarball.replica_id, tarball.repo_id): tarball for tarball in map(Newest._make, found)}


def findings_for(reader: Reader) -> QuerySet[Finding]:
    """Return all findings, newest first, with what a line about one needs."""
    return Finding.objects.exclude(hub__in=hidden_hubs(reader)).select_related(
        "hub", "replica__node", "repo", "acknowledged_by"
    )


def open_findings(hub: Hub) -> QuerySet[Finding]:
    """Return what is wrong with a hub now."""
    return (
        Finding.objects.open()
        .filter(hub=hub)
        .select_related("hub", "replica__node", "repo", "acknowledged_by")
    )


def runs_for(reader: Reader) -> QuerySet[CollectRun]:
    """Return all looks, newest first, with what a line about one needs."""
    return CollectRun.objects.exclude(replica__hub__in=hidden_hubs(reader)).select_related(
        "replica__hub", "replica__node"
    )


def recent_runs(replica: Replica, most: int = 12) -> list[CollectRun]:
    """Return the newest looks at a replica."""
    return list(replica.runs.all()[:most])


def held_on(replicas: Sequence[Replica]) -> dict[int, tuple[int, int]]:
    """Return how many tarballs were there at the last look, and their bytes, by replica id; none where there were none."""
    months = RepoMonth.objects.filter(replica__in=replicas, tarballs__gt=0).order_by()
    sums = months.values("replica_id").annotate(there=Sum("tarballs"), size=Sum("size_bytes"))
    rows = sums.values_list("replica_id", "there", "size")
    return {replica_id: (there, size_bytes) for replica_id, there, size_bytes in rows}


def newest_stamps(replicas: Sequence[Replica], now: datetime) -> dict[int, datetime]:
    """Return the newest stamp of what is there, by replica id."""
    rows = (
        Repo.objects.filter(hub__replicas__in=replicas)
        .order_by()
        .values("hub__replicas")
        .annotate(at=Max(newest_stamp(now)))
        .values_list("hub__replicas", "at")
    )
    return {replica_id: at for replica_id, at in rows if at}


def open_counts(hubs: Sequence[Hub], now: datetime) -> dict[tuple[int, str, bool], int]:
    """Return how many findings are open by (hub id, severity, whether muted); none where there are none."""
    is_muted = Case(When(muted(now), then=True), default=False, output_field=BooleanField())
    rows = (
        Finding.objects.open()
        .filter(hub__in=hubs)
        .order_by()
        .values("hub", "severity", muted=is_muted)
        .annotate(findings=Count("pk"))
    )
    return {(row["hub"], row["severity"], row["muted"]): row["findings"] for row in rows}


def tarballs_of(repo: Repo) -> QuerySet[TarballSnapshot]:
    """Return every tarball of a repo ever seen, newest first."""
    return (
        TarballSnapshot.objects.filter(repo=repo)
        .select_related("replica__node")
        .order_by("-stamp_at", "replica__node__tag", "pk")
    )


def changed_since_complete(tarballs: Iterable[TarballSnapshot]) -> set[int]:
    """Return the ids of those of these tarballs that changed after they were complete."""
    changed = TarballEvent.objects.filter(
        snapshot__in=[tarball.pk for tarball in tarballs], kind=TarballEvent.Kind.CHANGED
    )
    return set(changed.values_list("snapshot_id", flat=True))


def newest_complete_look(reader: Reader) -> datetime | None:
    """Return when a look at anything he may see was last complete."""
    looks = CollectRun.objects.complete().filter(replica=OuterRef("pk")).order_by("-started_at")
    replicas = Replica.objects.exclude(hub__in=hidden_hubs(reader))
    newest = replicas.aggregate(at=Max(Subquery(looks.values("started_at")[:1])))
    newest_at: datetime | None = newest["at"]
    return newest_at


def hub_tags(reader: Reader) -> list[str]:
    """Return what the hub filter of a list offers."""
    return list(visible_hubs(reader).values_list("tag", flat=True))


def node_tags(reader: Reader) -> list[str]:
    """Return what the node filter of a list offers."""
    return list(visible_nodes(reader).values_list("tag", flat=True))


def visible_nodes(reader: Reader) -> QuerySet[Node]:
    """Return the nodes that hold tarballs of a hub he may see; superusers all."""
    if isinstance(reader, User) and reader.is_superuser:
        return Node.objects.all()
    held = Replica.objects.exclude(hub__in=hidden_hubs(reader)).values("node")
    return Node.objects.filter(pk__in=held)


def like_it(finding: Finding, most: int = 50) -> list[Finding]:
    """Return earlier and later times that the same rule said the same of the same subject."""
    same = Finding.objects.filter(
        hub=finding.hub_id, code=finding.code, subject_key=finding.subject_key
    )
    return list(same.exclude(pk=finding.pk)[:most])


def notifications_for(reader: Reader) -> QuerySet[Notification]:
    """Return all messages, newest first; those about no hub are for staff, and of failed commands for who is logged in."""
    return Notification.objects.exclude(_hidden_messages(reader)).select_related("hub")


def deliveries_for(reader: Reader) -> QuerySet[Delivery]:
    """Return all deliveries of messages that he may see, newest first, with what a line about one needs."""
    return Delivery.objects.exclude(_hidden_messages(reader, "notification__")).select_related(
        "notification__hub"
    )


def _hidden_messages(reader: Reader, to: str = "") -> Q:
    """Return the condition for messages that he may not see; `to` is the way to them."""
    hidden = Q(**{f"{to}hub__in": hidden_hubs(reader)})
    if not reader.is_staff:
        hidden |= Q(**{f"{to}hub": None})
    if not reader.is_authenticated:
        hidden |= Q(**{f"{to}kind": Kind.FAILURE})
    return hidden


def undelivered(deliveries: QuerySet[Delivery], now: datetime) -> QuerySet[Delivery]:
    """Keep what could not be delivered: tried and waiting, never tried although it is time, or given up lately.

    Who has taken a later message is reached again, so what was given up before that is left out; so is what was
    on its way over a channel that somebody removed or switched off, and a test, whose answer somebody has seen.
    """
    is_late = Q(status=DeliveryStatus.WAITING, due_at__lt=now - NOBODY_SENDS)
    waiting = Delivery.objects.filter(
        Q(status=DeliveryStatus.WAITING, attempts_made__gt=0) | Q(attempts_made__gt=1) | is_late,
        status__in=[DeliveryStatus.WAITING, DeliveryStatus.SENDING],
    )
    taken_later = Delivery.objects.later_to_the_same().filter(status=DeliveryStatus.SENT)
    given_up = Delivery.objects.filter(
        ~Exists(taken_later), status=DeliveryStatus.FAILED, due_at__gte=now - GIVEN_UP_LATELY
    )
    # As one list of ids, or the database would walk through all that was ever delivered.
    failing = waiting.order_by().values("pk").union(given_up.order_by().values("pk"))
    in_use = Q(channel__enabled=True) | Q(channel__closed_reason__gt="")
    return deliveries.filter(in_use, pk__in=failing).exclude(notification__kind=Kind.TEST)


def undelivered_messages(reader: Reader, now: datetime) -> int:
    """Return how many messages that he may see could not be delivered."""
    failing = undelivered(deliveries_for(reader), now)
    found: int = failing.aggregate(messages=Count("notification", distinct=True))["messages"]
    return found


def channel_names(reader: Reader) -> list[str]:
    """Return what the channel filter offers: to staff all, to others the ways on which their hubs are told."""
    channels = Channel.objects.all()
    if not reader.is_staff:
        routes = Route.objects.filter(channel=OuterRef("pk")).exclude(hub__in=hidden_hubs(reader))
        channels = channels.filter(Exists(routes))
    return list(channels.values_list("name", flat=True))
