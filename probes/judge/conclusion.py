"""Takes hubs and a moment, gives one conclusion for each: is it well, in one sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, OuterRef, Subquery

from hubs.models import Hub, Replica, Repo
from probes.judge import wording
from probes.judge.states import ReplicaState, replica_states, replica_states_at
from probes.judge.values import FUTURE_TOLERANCE
from probes.models import Finding, Severity, TarballSnapshot

__all__ = [
    "Conclusion",
    "ReplicaState",
    "conclusion_of",
    "conclusions",
    "newest_stamp",
    "replica_states",
    "replica_states_at",
]

NAMED_FINDINGS = 3
WORST_FIRST = (Severity.ALARM, Severity.WARN, Severity.NOTICE)


@dataclass(frozen=True)
class Conclusion:
    """What is to be said of a hub as a whole."""

    state: str  # ok, warn, alarm, unknown
    text: str
    alarms: int
    warns: int
    notices: int
    unknown_replicas: int
    replicas: int
    complete_at: (
        datetime | None
    )  # the oldest of the last complete looks; None where a replica has none
    newest_stamp_at: datetime | None


@dataclass(frozen=True)
class _Told:
    severity: str
    words: str


def conclusions(hubs: Iterable[Hub], now: datetime) -> dict[int, Conclusion]:
    """Return the conclusion of each hub by its primary key, with the same few queries whatever their number."""
    hubs = list(hubs)
    replicas = list(
        Replica.objects.filter(hub__in=hubs, enabled=True).select_related("node").order_by("pk")
    )
    states = replica_states(replicas, now)
    told = _told(hubs)
    newest = _newest_stamps(hubs, now)
    of_hub: dict[int, list[Replica]] = defaultdict(list)
    for replica in replicas:
        of_hub[replica.hub_id].append(replica)
    return {
        hub.pk: _conclusion(hub, of_hub[hub.pk], states, told[hub.pk], newest.get(hub.pk))
        for hub in hubs
    }


def conclusion_of(
    hub: Hub, replicas: Iterable[Replica], states: Mapping[int, ReplicaState], now: datetime
) -> Conclusion:
    """Return the conclusion of one hub whose replicas and their states are known already; two queries."""
    enabled = sorted((each for each in replicas if each.enabled), key=lambda each: each.pk)
    newest = _newest_stamps([hub], now)
    return _conclusion(hub, enabled, states, _told([hub])[hub.pk], newest.get(hub.pk))


def _told(hubs: Sequence[Hub]) -> dict[int, list[_Told]]:
    rows = (
        Finding.objects.filter(hub__in=hubs)
        .open()
        .order_by("-opened_at", "-pk")
        .values_list(
            "hub", "severity", "code", "repo__category", "repo__name", "replica__node__tag"
        )
    )
    told: dict[int, list[_Told]] = defaultdict(list)
    for hub_id, severity, code, category, name, node in rows.iterator():
        about = f" {category}/{name}" if category else ""
        where = f" on {node}" if node else ""
        told[hub_id].append(_Told(severity, f"{code.replace('_', ' ')}{about}{where}"))
    return told


def newest_stamp(now: datetime) -> Subquery:
    """Return the newest stamp of what is there of a repo on a replica, for repos joined with their hub's replicas.

    It is one step into the index for each repo on each replica.
    """
    there = TarballSnapshot.objects.filter(
        replica=OuterRef("hub__replicas__pk"),
        repo=OuterRef("pk"),
        stamp_at__lte=now + FUTURE_TOLERANCE,
        gone_at=None,
    )
    return Subquery(there.order_by("-stamp_at").values("stamp_at")[:1])


def _newest_stamps(hubs: Sequence[Hub], now: datetime) -> dict[int, datetime]:
    """Return the newest stamp there is on any enabled replica, by hub id."""
    rows = (
        Repo.objects.filter(hub__in=hubs, hub__replicas__enabled=True)
        .order_by()
        .values("hub")
        .annotate(newest_stamp_at=Max(newest_stamp(now)))
        .values_list("hub", "newest_stamp_at")
    )
    return {hub_id: at for hub_id, at in rows if at}


def _conclusion(
    hub: Hub,
    replicas: Sequence[Replica],
    states: Mapping[int, ReplicaState],
    told: Sequence[_Told],
    newest_stamp_at: datetime | None,
) -> Conclusion:
    counts = Counter(finding.severity for finding in told)
    unknown = [replica for replica in replicas if not states[replica.pk].known]
    complete = [states[replica.pk].complete_run for replica in replicas]
    looked_at = [run.started_at for run in complete if run]
    return Conclusion(
        state=_state(counts, is_unknown=bool(unknown) or not replicas),
        text=_text(hub, replicas, unknown, states, told),
        alarms=counts[Severity.ALARM],
        warns=counts[Severity.WARN],
        notices=counts[Severity.NOTICE],
        unknown_replicas=len(unknown),
        replicas=len(replicas),
        complete_at=min(looked_at) if looked_at and len(looked_at) == len(replicas) else None,
        newest_stamp_at=newest_stamp_at,
    )


def _state(counts: Mapping[str, int], is_unknown: bool) -> str:
    if counts[Severity.ALARM]:
        return "alarm"
    if is_unknown:
        return "unknown"
    return "warn" if counts[Severity.WARN] else "ok"


def _text(
    hub: Hub,
    replicas: Sequence[Replica],
    unknown: Sequence[Replica],
    states: Mapping[int, ReplicaState],
    told: Sequence[_Told],
) -> str:
    if not replicas:
        return "Nothing is watched: it has no enabled replica."
    parts = [
        part
        for severity in (Severity.ALARM, Severity.WARN)
        if (part := _findings_text(severity, told))
    ]
    if unknown:
        names = wording.some((_since(hub, each, states) for each in unknown), len(unknown))
        parts.insert(
            1 if parts and parts[0].split()[1].startswith("alarm") else 0, f"unknown: {names}"
        )
    return "; ".join(parts) or f"All is well on {wording.number(len(replicas), 'replica')}."


def _findings_text(severity: Severity, told: Sequence[_Told]) -> str:
    words = [finding.words for finding in told if finding.severity == severity]
    if not words:
        return ""
    shown = ", ".join(words[:NAMED_FINDINGS])
    left_out = f" and {len(words) - NAMED_FINDINGS} more" if len(words) > NAMED_FINDINGS else ""
    noun = "warning" if severity == Severity.WARN else str(severity)
    return f"{wording.number(len(words), noun)}: {shown}{left_out}"


def _since(hub: Hub, replica: Replica, states: Mapping[int, ReplicaState]) -> str:
    since = states[replica.pk].unknown_since
    if since is None:
        return f"{replica.node.tag}, never looked at"
    return f"{replica.node.tag} since {wording.moment(since, hub.zone)}"
