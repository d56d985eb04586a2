"""Takes a hub's rows, gives the values that the rules judge; what it reads does not grow with the years behind."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, Max, Min, OuterRef, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import TruncDate

from alerts.troubles import troubles
from hubs.limits import Limits, limits_from
from hubs.models import Hub, Replica, judged, policy_layer
from hubs.planned import NOTHING_PLANNED
from hubs.planned_rows import planned_of, planned_of_nodes
from probes.judge.copies import side_by_side
from probes.judge.freshness_rules import COUNTED_DAYS
from probes.judge.life import Evidence
from probes.judge.replica_rules import DISK_DAYS
from probes.judge.states import ReplicaState, replica_states
from probes.judge.tarball import WINDOW, Change, Tarball, Window
from probes.judge.tarball_rules import CHANGE_TOLD_FOR
from probes.judge.values import (
    LOOKS_REMEMBERED,
    HubPast,
    Kept,
    Look,
    ReplicaPast,
    RepoName,
    RepoPast,
    Verdict,
)
from probes.models import (
    AcceptedLevel,
    CollectRun,
    RepoMonth,
    RunStatus,
    SidecarState,
    TarballEvent,
    TarballSnapshot,
)

DOUBTS_READ_AT_MOST = 5_000  # of a kind on a replica
EXAMPLES_KEPT = 5


@dataclass(frozen=True)
class Doubts:
    """Tarballs of one replica with something odd, by repo; cut off where they are very many."""

    by_repo: Mapping[int, tuple[Tarball, ...]]
    all_read: bool


@dataclass(frozen=True)
class History:
    """What is known of one hub at a moment; the tarballs are read repo by repo."""

    past: HubPast
    limits: Limits
    wanted: Mapping[int, RepoName]
    limits_of_repo: Mapping[int, Limits]
    doubts: Mapping[int, Doubts]  # by replica
    changes: Mapping[tuple[int, int], tuple[Change, ...]]  # by replica and repo
    present: Mapping[tuple[int, int], int]  # tarballs there, by replica and repo
    accepted_from: Mapping[int, datetime]  # by repo

    def evidence(self) -> Evidence:
        """Return what closing a finding needs to know."""
        return Evidence(
            self.past,
            {pk: repo.path for pk, repo in self.wanted.items()},
            frozenset(pk for pk, doubts in self.doubts.items() if doubts.all_read),
        )

    def looks_wanted(self, verdict: Verdict) -> int:
        """Return how many looks must show a verdict before it is told."""
        return self.limits_of_repo.get(verdict.repo_id or 0, self.limits).alert_after

    def repo_pasts(self) -> Iterator[tuple[RepoPast, Limits]]:
        """Give each wanted repo with its limits, reading at most WINDOW tarballs for each replica at a time."""
        replicas = [
            (replica, replica.complete)
            for replica in self.past.replicas
            if replica.known and replica.complete and not replica.empty
        ]
        for repo in self.wanted.values():
            limits = self.limits_of_repo[repo.id]
            kept = tuple(self._kept(repo, replica, look, limits) for replica, look in replicas)
            copies = side_by_side({each.replica.id: each.tarballs for each in kept})
            yield RepoPast(self.past, repo, kept, copies, self.accepted_from.get(repo.id)), limits

    def _kept(self, repo: RepoName, replica: ReplicaPast, look: Look, limits: Limits) -> Kept:
        snapshots = TarballSnapshot.objects.filter(replica=replica.id, repo=repo.id)
        newest = snapshots.order_by("-stamp_at", "-pk").values_list(*Tarball._fields)
        tarballs = [Tarball(*row) for row in newest[:WINDOW]]
        if len(tarballs) == WINDOW and tarballs[-1].stamp_at > look.ended_at:
            # So many are dated ahead that none of the past is among them.
            past = newest.filter(stamp_at__lte=look.ended_at)[:WINDOW]
            tarballs += [Tarball(*row) for row in past]
        recent_stamps: tuple[datetime, ...] = ()
        oldest_stamp_at = None
        if limits.expected_per_day:
            since = look.started_at - timedelta(days=COUNTED_DAYS + 2)
            stamps = snapshots.filter(stamp_at__gte=since, stamp_at__lte=look.ended_at)
            recent_stamps = tuple(stamps.values_list("stamp_at", flat=True).order_by("stamp_at"))
            oldest_stamp_at = snapshots.aggregate(at=Min("stamp_at"))["at"]
        return Kept(
            replica,
            moment=look.started_at,
            seen_until=look.ended_at,
            tarballs=Window(tarballs),
            present=self.present.get((replica.id, repo.id), 0),
            doubtful=self.doubts[replica.id].by_repo.get(repo.id, ()),
            changes=self.changes.get((replica.id, repo.id), ()),
            recent_stamps=recent_stamps,
            oldest_stamp_at=oldest_stamp_at,
            accepted_from=self.accepted_from.get(repo.id),
        )


def read_history(hub: Hub, now: datetime) -> History:
    """Read what the rules need of a hub's looks, repos and odd tarballs; its other tarballs are read later."""
    hub_layer = policy_layer(hub)
    limits = limits_from(hub_layer)
    repos = list(hub.repos.select_related("policy"))
    wanted = judged(repos)
    limits_of_repo = {repo.pk: limits_from(hub_layer, policy_layer(repo)) for repo in wanted}
    replicas = replica_pasts(hub, limits, now)
    known_ids = [replica.id for replica in replicas if replica.known]
    sidecars_required = any(each.sidecar == "required" for each in limits_of_repo.values())
    chosen_ids = [repo.pk for repo in wanted] if len(wanted) < len(repos) else None
    return History(
        past=HubPast(
            hub.zone, replicas, _unmatched(hub), planned_of(hub), tuple(troubles(hub, now))
        ),
        limits=limits,
        wanted={repo.pk: RepoName(repo.pk, repo.path, repo.selected) for repo in wanted},
        limits_of_repo=limits_of_repo,
        doubts={pk: _doubts(pk, chosen_ids, sidecars_required) for pk in known_ids},
        changes=_changes(known_ids, now),
        present=_present(known_ids),
        accepted_from=_accepted(hub),
    )


def _present(replica_ids: list[int]) -> dict[tuple[int, int], int]:
    """Count what is there by the months' rows, which are few where snapshots are many."""
    months = RepoMonth.objects.filter(replica__in=replica_ids).order_by()
    sums = months.values_list("replica", "repo").annotate(Sum("tarballs"))
    return {(replica_id, repo_id): count for replica_id, repo_id, count in sums}


def _accepted(hub: Hub) -> dict[int, datetime]:
    levels = AcceptedLevel.objects.filter(repo__hub=hub).order_by()
    return dict(levels.values_list("repo").annotate(Max("from_stamp_at")))


def _unmatched(hub: Hub) -> tuple[RepoName, ...]:
    seen = TarballSnapshot.objects.filter(repo=OuterRef("pk"))
    repos = hub.repos.filter(~Exists(seen), selected=True)
    return tuple(RepoName(repo.pk, repo.path, selected=True) for repo in repos)


def replica_pasts(hub: Hub, limits: Limits, now: datetime) -> tuple[ReplicaPast, ...]:
    """Return the enabled replicas of a hub with their looks."""
    first = CollectRun.objects.filter(replica=OuterRef("pk")).complete().order_by("started_at")
    replicas = list(
        hub.replicas.filter(enabled=True)
        .select_related("node")
        .annotate(first_complete_at=Subquery(first.values("finished_at")[:1]))
        .order_by("pk")
    )
    states = replica_states(replicas, now)
    labels = replica_labels(replicas)
    planned = planned_of_nodes(hub, [replica.node for replica in replicas])
    free = _free_by_day(replicas, now)
    pasts = (
        _replica_past(replica, states[replica.pk], labels[replica.pk], limits)
        for replica in replicas
    )
    return tuple(
        replace(
            past,
            planned=planned.get(past.node_id, NOTHING_PLANNED),
            free_by_day=tuple(free[past.id]),
        )
        for past in pasts
    )


def replica_labels(replicas: Sequence[Replica]) -> dict[int, str]:
    """Return how each replica is called: by its node, and its root where the hub has two there."""
    on_node = Counter(replica.node_id for replica in replicas)
    return {
        replica.pk: f"{replica.node.tag}:{replica.root}"
        if on_node[replica.node_id] > 1
        else replica.node.tag
        for replica in replicas
    }


def _free_by_day(replicas: Sequence[Replica], now: datetime) -> dict[int, list[tuple[int, int]]]:
    """Return the least free bytes of each past day by replica: a nightly backup makes a tide, and its ebb counts."""
    since = now - timedelta(days=DISK_DAYS)
    rows = (
        CollectRun.objects.filter(
            replica__in=replicas, started_at__range=(since, now), free_bytes__isnull=False
        )
        .annotate(day=TruncDate("started_at", tzinfo=UTC))
        .order_by("day")
        .values_list("replica", "day")
        .annotate(Min("free_bytes"))
    )
    free: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for replica_id, day, free_bytes in rows:
        free[replica_id].append((day.toordinal(), free_bytes))
    return free


def _replica_past(replica: Replica, state: ReplicaState, label: str, limits: Limits) -> ReplicaPast:
    looks = _newest_looks(replica, max(LOOKS_REMEMBERED, limits.alert_after))
    return ReplicaPast(
        id=replica.pk,
        node=replica.node.tag,
        node_id=replica.node_id,
        label=label,
        root=replica.root,
        role=replica.role,
        latest=look_of(state.latest_run) if state.latest_run else None,
        complete=look_of(state.complete_run) if state.complete_run else None,
        known=state.known,
        failures_in_a_row=_failures_in_a_row(looks),
        first_complete_at=getattr(replica, "first_complete_at", None),
        empty=_is_empty(replica, state.complete_run) if state.known else False,
        site=replica.node.site,
        looks_at=looks[:LOOKS_REMEMBERED],
    )


def look_of(run: CollectRun) -> Look:
    """Return a run as the rules take it."""
    return Look(
        id=run.pk,
        started_at=run.started_at,
        ended_at=run.finished_at or run.started_at,
        status=run.status,
        stage=run.stage,
        error=run.error,
        command=run.command,
        full=run.full,
        unrecognised=run.unrecognised,
        unrecognised_examples=tuple(run.unrecognised_examples[:EXAMPLES_KEPT]),
        locks=tuple((path, mtime) for path, mtime in run.locks if mtime is not None),
        free_bytes=run.free_bytes,
        total_bytes=run.total_bytes,
        clock_skew_seconds=run.clock_skew_seconds,
    )


def _newest_looks(replica: Replica, most: int) -> tuple[tuple[datetime, bool], ...]:
    """Return when the last looks that ended began, newest first, and whether each was complete."""
    newest = replica.runs.ended().order_by("-started_at", "-pk")
    rows = newest.values_list("started_at", "status")[:most]
    return tuple((at, status == RunStatus.OK) for at, status in rows)


def _failures_in_a_row(looks: Sequence[tuple[datetime, bool]]) -> int:
    """Return how many looks were not complete since the last one that was."""
    complete = (place for place, (_, is_complete) in enumerate(looks) if is_complete)
    return next(complete, len(looks))


def _is_empty(replica: Replica, run: CollectRun | None) -> bool:
    """Return whether nothing was found, and nothing is left that only a full look would have walked."""
    if run is None or run.seen:
        return False
    return not replica.snapshots.filter(gone_at=None).exists()


# The planner of SQLite sees that a partial index fits only where its very condition stands in the query, with
# literals: Django would send them as parameters.
_SNAPSHOT = '"probes_tarballsnapshot"'
IN_DOUBT = f"NOT ({_SNAPSHOT}.\"sidecar_state\" = 'ok')"
NO_BYTES = f'{_SNAPSHOT}."size_bytes" = 0'
DISPROOF = (
    f"{_SNAPSHOT}.\"verified_verdict\" IN ('corrupt', 'digest_mismatch', 'unreadable_content')"
)
OTHER_SIZE = (
    f'NOT ({_SNAPSHOT}."sidecar_size_bytes" = ({_SNAPSHOT}."size_bytes") '
    f'AND {_SNAPSHOT}."sidecar_size_bytes" IS NOT NULL)'
)


def _doubts(replica_id: int, repo_ids: list[int] | None, sidecars_required: bool) -> Doubts:
    """Read a replica's odd tarballs through the partial indexes; of all repos where `repo_ids` is None."""
    there = TarballSnapshot.objects.filter(replica=replica_id, gone_at=None)
    if repo_ids is not None:
        there = there.filter(repo__in=repo_ids)
    states = [SidecarState.BAD, SidecarState.UNREAD]
    if sidecars_required:
        states.append(SidecarState.ABSENT)
    kinds = [there.filter(_as_is(IN_DOUBT), sidecar_state=state) for state in states]
    kinds.append(there.filter(_as_is(NO_BYTES)))
    kinds.append(there.filter(_as_is(DISPROOF)))
    kinds.append(there.filter(_as_is(OTHER_SIZE), sidecar_size_bytes__isnull=False))
    by_repo: dict[int, dict[str, Tarball]] = defaultdict(dict)
    all_read = True
    for kind in kinds:
        rows = kind.order_by().values_list("repo", *Tarball._fields)[: DOUBTS_READ_AT_MOST + 1]
        for number, (repo_id, *row) in enumerate(rows.iterator()):
            if number == DOUBTS_READ_AT_MOST:
                all_read = False
                break
            tarball = Tarball(*row)
            by_repo[repo_id][tarball.path] = tarball
    return Doubts({pk: tuple(found.values()) for pk, found in by_repo.items()}, all_read)


def _as_is(condition: str) -> Any:
    """Return a condition that stands in the query letter by letter."""
    return RawSQL(condition, (), output_field=BooleanField())  # noqa: S611 - constants only


def _changes(replica_ids: list[int], now: datetime) -> dict[tuple[int, int], tuple[Change, ...]]:
    """Read what was replaced lately and is still there; a look that is judged may be some days old.

    Events are few and snapshots many, so that the replicas are chosen here and not by the database, which would
    begin with their snapshots.
    """
    events = TarballEvent.objects.filter(
        kind=TarballEvent.Kind.CHANGED, noticed_at__gt=now - 2 * CHANGE_TOLD_FOR
    )
    changes: dict[tuple[int, int], list[Change]] = defaultdict(list)
    newest = events.select_related("snapshot").order_by("-noticed_at", "-pk")
    for event in newest[:DOUBTS_READ_AT_MOST]:
        snapshot = event.snapshot
        if snapshot.replica_id in replica_ids and snapshot.gone_at is None:
            changes[snapshot.replica_id, snapshot.repo_id].append(_change(event))
    return {key: tuple(found) for key, found in changes.items()}


def _change(event: TarballEvent) -> Change:
    return Change(
        tarball=Tarball(*(getattr(event.snapshot, name) for name in Tarball._fields)),
        noticed_at=event.noticed_at,
        size_bytes_before=event.size_bytes_before,
        size_bytes_after=event.size_bytes_after,
        digest_before=event.digest_before,
        digest_after=event.digest_after,
    )
