"""A world while it is being made: each repo's runs, and what came of each on every node."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from bench.detection import chance, schedules
from bench.detection.events import Events, Span
from bench.detection.scenario import Frame, RepoPlan
from bench.detection.schedules import Schedule
from bench.detection.sizes import Content, Step, contents
from bench.detection.world import Benign, SimNode

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
LAG_MEDIAN_MINUTES, LAG_SIGMA = 30, 0.6
WRITING_MEDIAN_MINUTES, WRITING_SIGMA = 5, 0.5
SOME_MORE = 6  # runs before the monitor's first look, beyond those that are kept


@dataclass(slots=True)
class Draft:
    """One tarball on one node, still to be changed by faults; `digest` is that of its bytes."""

    node: str
    repo: str
    number: int  # of the run
    stamp_at: datetime
    stamp_text: str
    file_name: str
    size_bytes: int
    digest: str
    mtime_at: datetime
    visible_at: datetime
    sidecar_state: str = "ok"
    sidecar_digest: str = ""
    sidecar_size_bytes: int = 0
    is_there: bool = True
    gone_at: datetime | None = None

    def set_content(self, size_bytes: int, digest: str, *, own_sidecar: bool = True) -> None:
        """Give the file other bytes, and its sidecar too unless it keeps that of the right ones."""
        self.size_bytes, self.digest = size_bytes, digest
        if own_sidecar:
            self.sidecar_size_bytes, self.sidecar_digest = size_bytes, digest

    @property
    def path(self) -> str:
        """Its place below the root."""
        return f"{self.repo}/{self.stamp_text}/{self.file_name}"


@dataclass
class Lane:
    """One repo on all nodes. Each node's drafts are one for each run, in order, there or not."""

    repo: str
    schedule: Schedule
    is_dead: bool
    is_new: bool  # began while the monitor was looking
    is_faulty: bool
    drafts: dict[str, list[Draft]]
    extras: list[Draft] = field(default_factory=list)  # beside those of the runs

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(next(iter(self.drafts.values()), []))

    def first_seen_at(self, number: int, nodes: Sequence[str]) -> datetime:
        """Return when a run is, or would have been, visible on the first of these nodes."""
        return min(self.drafts[node][number].visible_at for node in nodes)

    def next_seen_at(self, number: int, nodes: Sequence[str], default: datetime) -> datetime:
        """Return when the first run from this one on that is there is visible on one of these nodes."""
        for later in range(number, self.runs):
            there = [
                draft.visible_at
                for draft in (self.drafts[node][later] for node in nodes)
                if draft.is_there
            ]
            if there:
                return min(there)
        return default


@dataclass(frozen=True, slots=True)
class Run:
    """One backup as the hub makes it; all nodes get this."""

    begun_at: datetime
    is_late: bool
    written_at: datetime
    stamp_text: str
    stamp_at: datetime
    content: Content
    is_made: bool


def draft_lanes(frame: Frame, plan: RepoPlan, events: Events) -> tuple[list[Lane], list[Benign]]:
    """Return the natural history of a repo, in two lanes if it is renamed, and what was harmless in it."""
    runs, steps = _runs(frame, plan, events)
    drafts = {node.tag: _on_node(frame, plan, node, runs, events) for node in frame.nodes}
    lane = Lane(plan.name, plan.schedule, plan.is_dead, bool(plan.born_at), plan.is_faulty, drafts)
    benign = [Benign("late_run", None, plan.name, run.begun_at) for run in runs if run.is_late]
    benign += [Benign(step.kind, None, plan.name, step.at, {"share": step.share}) for step in steps]
    if plan.born_at:
        benign.append(Benign("new_repo", None, plan.name, plan.born_at))
    benign = [event for event in benign if event.at > frame.starts_at]
    if plan.renamed_at:
        return _renamed(lane, plan.renamed_at), benign
    return [lane], benign


def _runs(frame: Frame, plan: RepoPlan, events: Events) -> tuple[list[Run], list[Step]]:
    draw = chance.stream(frame.seed, "runs", plan.name)
    writing = chance.stream(frame.seed, "writing", plan.name)
    due = _due(frame, plan)
    begun = [schedules.begun(moment, draw) for moment in due]
    packed, steps = contents(
        plan.name,
        [at for at, _ in begun],
        chance.stream(frame.seed, "sizes", plan.name),
        frame.seed,
        is_dead=plan.is_dead,
    )
    runs = []
    for moment, (at, is_late), content in zip(due, begun, packed, strict=True):
        text, stamp_at = schedules.stamp(at, frame.zone)
        written_at = at + _minutes(writing, WRITING_MEDIAN_MINUTES, WRITING_SIGMA)
        is_made = not any(span.holds(None, moment) for span in events.idle)
        runs.append(Run(at, is_late, written_at, text, stamp_at, content, is_made))
    return runs, steps


def _due(frame: Frame, plan: RepoPlan) -> list[datetime]:
    """Return when it is due; a repo that is not new has as much past as is kept."""
    past = (max(frame.keep.values()) + SOME_MORE) * plan.schedule.period
    if plan.schedule.kind == schedules.WEEKDAYS:
        past *= 1.6
    first = plan.born_at or frame.starts_at - past
    moments = plan.schedule.due(
        frame.zone, first.date(), frame.ends_at.date() + DAY, frame.holidays
    )
    return [moment for moment in moments if first <= moment < frame.ends_at]


def _on_node(
    frame: Frame, plan: RepoPlan, node: SimNode, runs: Sequence[Run], events: Events
) -> list[Draft]:
    """Return what a node gets, in order, without any fault of its own."""
    lag = chance.stream(frame.seed, "lag", plan.name, node.tag)
    away = [span for span in events.away if span.node == node.tag]
    before: datetime | None = None
    found = []
    for number, run in enumerate(runs):
        visible_at = run.written_at
        if node.role == "copy":
            visible_at += _minutes(lag, LAG_MEDIAN_MINUTES, LAG_SIGMA)
        visible_at = _after(away, visible_at, number)
        if before and visible_at <= before:
            visible_at = before + SECOND
        before = visible_at
        found.append(
            Draft(
                node=node.tag,
                repo=plan.name,
                number=number,
                stamp_at=run.stamp_at,
                stamp_text=run.stamp_text,
                file_name=_file_name(plan.name, run.content.revision),
                size_bytes=run.content.size_bytes,
                digest=run.content.digest,
                mtime_at=run.written_at,
                visible_at=visible_at,
                sidecar_digest=run.content.digest,
                sidecar_size_bytes=run.content.size_bytes,
                is_there=run.is_made,
            )
        )
    if node.added_at:
        _bring_along(found, node.added_at, frame.keep[node.tag])
    return found


def _minutes(draw: Random, median: float, sigma: float) -> timedelta:
    return timedelta(seconds=int(60 * median * draw.lognormvariate(0, sigma)))


def _after(away: Sequence[Span], at: datetime, number: int) -> datetime:
    """Return when something arrives that would have come while a node was away."""
    for span in away:
        if span.starts_at <= at < span.ends_at:
            return span.ends_at + (20 + number % 40) * MINUTE
    return at


def _bring_along(drafts: list[Draft], added_at: datetime, kept: int) -> None:
    """Let a new node begin with the newest tarballs of the time before it."""
    earlier = [draft for draft in drafts if draft.visible_at < added_at]
    for draft in earlier[:-kept]:
        draft.is_there = False
    for number, draft in enumerate(earlier[-kept:]):
        draft.visible_at = added_at - 60 * MINUTE + number * SECOND


def _file_name(repo: str, revision: int) -> str:
    """Return what a tarball is called: a Subversion one has its revision in its name."""
    name = repo.rpartition("/")[2]
    return f"{name}-{revision}.tar.gz" if repo.startswith("svn/") else f"{name}.tar.gz"


def _renamed(lane: Lane, at: datetime) -> list[Lane]:
    """Split a lane where its repo gets another name; sizes and schedule go on."""
    first_of_new = next(
        (draft.number for draft in next(iter(lane.drafts.values())) if draft.stamp_at >= at),
        lane.runs,
    )
    name = f"{lane.repo}-new"
    after = {node: drafts[first_of_new:] for node, drafts in lane.drafts.items()}
    for drafts in after.values():
        for number, draft in enumerate(drafts):
            old = lane.repo.rpartition("/")[2]
            draft.repo, draft.number = name, number
            draft.file_name = draft.file_name.replace(old, f"{old}-new", 1)
    before = {node: drafts[:first_of_new] for node, drafts in lane.drafts.items()}
    return [
        Lane(lane.repo, lane.schedule, lane.is_dead, lane.is_new, lane.is_faulty, before),
        Lane(name, lane.schedule, lane.is_dead, True, False, after),
    ]
