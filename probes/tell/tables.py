"""The tables of messages: a hub's replicas, and all hubs."""

from collections import defaultdict
from datetime import datetime

from alerts.message import Cell, Table, Tone, worst
from hubs.models import Hub
from probes.draw.series import newest_at
from probes.judge import wording
from probes.judge.history import replica_labels
from probes.judge.states import ReplicaState, replica_states
from probes.models import Finding

COLUMNS = ("Replica", "State", "Last complete look", "Newest backup")


def replica_table(hub: Hub, now: datetime) -> Table:
    """Return how each enabled replica of a hub is."""
    replicas = list(hub.replicas.filter(enabled=True).select_related("node", "hub"))
    states, labels = replica_states(replicas, now), replica_labels(replicas)
    worst_of = _worst_by_replica(hub)
    rows = []
    for replica in replicas:
        state = states[replica.pk]
        run = state.complete_run
        newest = newest_at(replica, now)
        rows.append(
            (
                Cell(f"{labels[replica.pk]} ({replica.role})"),
                _state_cell(state, worst_of.get(replica.pk, ""), hub),
                Cell(wording.moment(run.started_at, hub.zone) if run else "never"),
                Cell(wording.moment(newest, hub.zone) if newest else "none"),
            )
        )
    return Table("Replicas", COLUMNS, tuple(rows))


def _state_cell(state: ReplicaState, severity: str, hub: Hub) -> Cell:
    if not state.known:
        since = state.unknown_since
        words = f"unknown since {wording.moment(since, hub.zone)}" if since else "never known"
        return Cell(words, Tone.UNKNOWN)
    return Cell(severity, Tone(severity)) if severity else Cell("ok", Tone.OK)


def _worst_by_replica(hub: Hub) -> dict[int, str]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = Finding.objects.open().filter(hub=hub, replica__isnull=False).order_by()
    for replica_id, severity in rows.values_list("replica", "severity").distinct():
        found[replica_id].append(severity)
    return {pk: worst(severities) for pk, severities in found.items()}
