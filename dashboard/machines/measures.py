"""What /metrics tells: takes a reader and a moment, gives families of samples about ourselves, his hubs and their replicas.

Unknown is never shown as good. A value that nobody knows now is left out; a moment in the past stays, as it ages by
itself, and an alert on its age must not fall silent when a node does.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import django
from django.conf import settings
from django.db import connection
from prometheus_client.core import (
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)

from dashboard import queries
from dashboard.access import Reader
from dashboard.machines.health import Looking
from hubs.models import Hub, Replica, Repo
from probes.draw.series import judged_repos
from probes.judge.conclusion import Conclusion, ReplicaState, conclusions, replica_states
from probes.models import Severity

HUB = ["hub"]
REPLICA = ["hub", "node", "replica", "role"]
REPO = [*REPLICA, "repo"]
Labels = Sequence[str]


@dataclass
class Gauge:
    """One gauge as it fills: samples whose value is None are unknown, and left out."""

    name: str
    says: str
    labels: list[str]
    unit: str = ""
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, labels: Labels, value: float | datetime | None) -> None:
        """Note a value; a moment counts as its epoch seconds."""
        if isinstance(value, datetime):
            value = value.timestamp()
        if value is not None:
            self.samples.append((labels, value))

    def family(self) -> Metric:
        """Return it for the writer."""
        gauge = GaugeMetricFamily(f"scmmon_{self.name}", self.says, labels=self.labels)
        gauge.unit = self.unit
        for labels, value in self.samples:
            gauge.add_metric(labels, value)
        return gauge


def of_ourselves(
    reader: Reader, looking: Looking, is_late: bool, now: datetime
) -> Iterator[Metric]:
    """Give how the monitor itself does: the same for all, but for the messages that he may see."""
    build = {
        "version": settings.SCMMON_VERSION,
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": connection.vendor,
    }
    yield InfoMetricFamily("scmmon_build", "What runs here.", value=build)
    late = Gauge(
        "late", "Whether a hub was not looked at in time: 1 means that all else here is old.", []
    )
    late.add([], int(is_late))
    look = Gauge(
        "last_look_timestamp_seconds", "When a look last ended, well or not.", [], "seconds"
    )
    look.add([], looking.last_at)
    complete = Gauge(
        "last_complete_look_timestamp_seconds", "When a complete look last ended.", [], "seconds"
    )
    complete.add([], looking.last_complete_at)
    within = Gauge("look_within_seconds", "How often a look is expected to end.", [], "seconds")
    within.add([], looking.look_within.total_seconds())
    undelivered = Gauge("undelivered_messages", "Messages that could not be delivered.", [])
    undelivered.add([], queries.undelivered_messages(reader, now))
    yield from (gauge.family() for gauge in (late, look, complete, within, undelivered))


def of_hubs(hubs: Sequence[Hub], now: datetime) -> Iterator[Metric]:
    """Give what is to be said of each hub as a whole."""
    concluded = conclusions(hubs, now)
    info = InfoMetricFamily("scmmon_hub", "A hub and the zone of its stamps.", labels=HUB)
    state = StateSetMetricFamily(
        "scmmon_hub_state", "The hub in one word, as its page says it.", labels=HUB
    )
    for hub in hubs:
        info.add_metric([hub.tag], {"name": hub.name, "time_zone": hub.time_zone})
        is_state = concluded[hub.pk].state
        state.add_metric([hub.tag], {word: word == is_state for word in queries.WORST_FIRST})
    yield from (info, state)
    yield from _hub_gauges(hubs, concluded)
    yield _findings(hubs, now)


def _hub_gauges(hubs: Sequence[Hub], concluded: Mapping[int, Conclusion]) -> Iterator[Metric]:
    replicas = Gauge("hub_replicas", "Enabled replicas of the hub.", HUB)
    unknown = Gauge(
        "hub_unknown_replicas", "Those of them of which nobody knows how they are.", HUB
    )
    newest = Gauge(
        "hub_newest_stamp_timestamp_seconds",
        "Stamp of the newest tarball on any replica, as last seen.",
        HUB,
        "seconds",
    )
    for hub in hubs:
        conclusion = concluded[hub.pk]
        replicas.add([hub.tag], conclusion.replicas)
        unknown.add([hub.tag], conclusion.unknown_replicas)
        newest.add([hub.tag], conclusion.newest_stamp_at)
    yield from (gauge.family() for gauge in (replicas, unknown, newest))


def _findings(hubs: Sequence[Hub], now: datetime) -> Metric:
    """Return open findings by severity; that there is none is known, so 0 is said."""
    found = Gauge(
        "open_findings",
        "Open findings; muted ones are acknowledged or snoozed.",
        ["hub", "severity", "muted"],
    )
    counts = queries.open_counts(hubs, now)
    for hub in hubs:
        for severity in Severity.values:
            for muted in (False, True):
                labels = [hub.tag, severity, str(muted).lower()]
                found.add(labels, counts.get((hub.pk, severity, muted), 0))
    return found.family()


def of_replicas(replicas: Sequence[Replica], now: datetime) -> Iterator[Metric]:
    """Give what is known of each replica."""
    states = replica_states(replicas, now)
    yield from _infos(replicas, states)
    yield from _looks(replicas, states)
    yield from _contents(replicas, states, now)
    yield from _places(replicas, states)


def labels_of(replica: Replica) -> list[str]:
    """Return what tells a replica from all others, in the order of `REPLICA`."""
    return [replica.hub.tag, replica.node.tag, str(replica.pk), replica.role]


def _infos(replicas: Sequence[Replica], states: Mapping[int, ReplicaState]) -> Iterator[Metric]:
    info = InfoMetricFamily("scmmon_replica", "Where a replica is.", labels=REPLICA)
    # One sample with a word instead of a set of fourteen states, of which thirteen are always 0.
    look = InfoMetricFamily(
        "scmmon_replica_last_look", "What came of the last look that ended.", labels=REPLICA
    )
    for replica in replicas:
        labels = labels_of(replica)
        info.add_metric(labels, {"root": replica.root, "site": replica.node.site})
        run = states[replica.pk].latest_run
        if run:
            look.add_metric(labels, {"status": run.status, "stage": run.stage})
    yield from (info, look)


def _looks(replicas: Sequence[Replica], states: Mapping[int, ReplicaState]) -> Iterator[Metric]:
    known = Gauge(
        "replica_known",
        "Whether the last look was complete and in time. 0: what is stored may not be so any more.",
        REPLICA,
    )
    last = Gauge(
        "replica_last_look_timestamp_seconds",
        "When the last look ended, well or not.",
        REPLICA,
        "seconds",
    )
    complete = Gauge(
        "replica_last_complete_look_timestamp_seconds",
        "When the last complete look began.",
        REPLICA,
        "seconds",
    )
    duration = Gauge(
        "replica_last_look_duration_seconds", "How long the last look took.", REPLICA, "seconds"
    )
    for replica in replicas:
        labels, state = labels_of(replica), states[replica.pk]
        known.add(labels, int(state.known))
        if state.latest_run:
            last.add(labels, state.latest_run.finished_at)
            duration.add(labels, state.latest_run.seconds)
        if state.complete_run:
            complete.add(labels, state.complete_run.started_at)
    yield from (gauge.family() for gauge in (known, last, complete, duration))


def _contents(
    replicas: Sequence[Replica], states: Mapping[int, ReplicaState], now: datetime
) -> Iterator[Metric]:
    newest = Gauge(
        "replica_newest_stamp_timestamp_seconds",
        "Stamp of the newest tarball there, as last seen.",
        REPLICA,
        "seconds",
    )
    tarballs = Gauge("replica_tarballs", "Tarballs there; absent while unknown.", REPLICA)
    size = Gauge(
        "replica_size_bytes", "Their sizes in all; absent while unknown.", REPLICA, "bytes"
    )
    stamps = queries.newest_stamps(replicas, now)
    held = queries.held_on(replicas)
    for replica in replicas:
        labels = labels_of(replica)
        newest.add(labels, stamps.get(replica.pk))
        if states[replica.pk].known:
            count, size_bytes = held.get(replica.pk, (0, 0))
            tarballs.add(labels, count)
            size.add(labels, size_bytes)
    yield from (gauge.family() for gauge in (newest, tarballs, size))


def _places(replicas: Sequence[Replica], states: Mapping[int, ReplicaState]) -> Iterator[Metric]:
    free = Gauge(
        "replica_filesystem_free_bytes", "Free there; absent while unknown.", REPLICA, "bytes"
    )
    total = Gauge(
        "replica_filesystem_size_bytes",
        "Size of its file system; absent while unknown.",
        REPLICA,
        "bytes",
    )
    skew = Gauge(
        "replica_clock_skew_seconds",
        "Clock of the node minus ours; absent while unknown.",
        REPLICA,
        "seconds",
    )
    for replica in replicas:
        run = states[replica.pk].complete_run
        if run and states[replica.pk].known:
            labels = labels_of(replica)
            free.add(labels, run.free_bytes)
            total.add(labels, run.total_bytes)
            skew.add(labels, run.clock_skew_seconds)
    yield from (gauge.family() for gauge in (free, total, skew))


def of_repos(hub: Hub, replicas: Sequence[Replica], now: datetime) -> Iterator[Metric]:
    """Give the newest tarball of each judged repo on each replica of one hub."""
    stamp = Gauge(
        "repo_newest_stamp_timestamp_seconds",
        "Stamp of its newest tarball there, as last seen.",
        REPO,
        "seconds",
    )
    size = Gauge(
        "repo_newest_size_bytes", "Size of that tarball; absent while unknown.", REPO, "bytes"
    )
    states = replica_states(replicas, now)
    repos = {repo.pk: repo for repo in judged_repos(hub)}
    places = {replica.pk: replica for replica in replicas}
    newest = queries.newest_tarballs(hub, replicas, list(repos.values()))
    for labels, tarball in _named(newest, places, repos):
        stamp.add(labels, tarball.stamp_at)
        if states[tarball.replica_id].known:
            size.add(labels, tarball.size_bytes)
    yield from (gauge.family() for gauge in (stamp, size))


def _named(
    newest: Mapping[tuple[int, int], queries.Newest],
    places: Mapping[int, Replica],
    repos: Mapping[int, Repo],
) -> Iterable[tuple[list[str], queries.Newest]]:
    return (
        ([*labels_of(places[replica_id]), repos[repo_id].path], tarball)
        for (replica_id, repo_id), tarball in sorted(newest.items())
    )
