"""A seed and a scenario in; a hub, its planted faults and its harmless events out. Pure: the same for the same.

Read here in which order a world is made; each step is a module.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bench.detection import chance
from bench.detection.disks import free_space
from bench.detection.drafts import Draft, Lane, draft_lanes
from bench.detection.events import Events, place_events
from bench.detection.faults import made_by_purge, make
from bench.detection.planting import Planter
from bench.detection.retention import Order, retain
from bench.detection.scenario import Frame, Scenario, draw_frame
from bench.detection.world import Benign, Fault, SimHub, SimLook, SimNode, SimTarball

DAY = timedelta(days=1)
TIMEOUT_SHARE = 0.3
DEFAULT_SCENARIO = Scenario()


def simulate(
    seed: int, scenario: Scenario = DEFAULT_SCENARIO
) -> tuple[SimHub, list[Fault], list[Benign]]:
    """Return the world of a seed, with faults and benign events by time."""
    frame = draw_frame(seed, scenario, chance.stream(seed, "frame"))
    events = place_events(frame, chance.stream(seed, "events"))
    faults: list[Fault] = []
    benign = list(events.benign)
    planter = Planter(frame, events)
    lanes: list[Lane] = []
    for plan in frame.repos:
        made, of_repo = draft_lanes(frame, plan, events)
        benign += of_repo
        steps = [event.at for event in of_repo if event.kind in ("clean_up", "release")]
        for lane in made:
            faults += _with_faults(frame, events, planter, lane, steps)
        if plan.renamed_at and made[1].runs:
            faults.append(_rename(frame, made))
        lanes += made
    faults += [_from_first_absence(frame, fault, lanes) for fault in events.faults]
    looks = list(_looks(frame, events, lanes))
    hub = SimHub(
        tag=frame.tag,
        zone=frame.zone.key,
        starts_at=frame.starts_at,
        ends_at=frame.ends_at,
        nodes=frame.nodes,
        repos=tuple(sorted(lane.repo for lane in lanes)),
        policy={},
        tarballs=tuple(_tarballs(frame, events, lanes, looks)),
        looks=tuple(looks),
        maintenance=tuple(sorted(events.maintenance, key=lambda window: window.starts_at)),
        holidays=tuple(sorted(frame.holidays)) if frame.holidays_are_told else (),
        schedules={lane.repo: lane.schedule for lane in lanes},
    )
    if not scenario.at_end:  # what began in the last hours nobody can judge
        faults = [f for f in faults if frame.starts_at <= f.onset < frame.ends_at - DAY]
    return (
        hub,
        sorted(faults, key=lambda fault: fault.onset),
        sorted(benign, key=lambda event: event.at),
    )


def _with_faults(
    frame: Frame, events: Events, planter: Planter, lane: Lane, steps: Sequence[datetime]
) -> list[Fault]:
    """Make a repo's faults, then purge it on each node."""
    orders: list[Order] = []
    made = [make(frame, plant, orders) for plant in planter.plant(lane, steps)]
    for node in frame.nodes:
        there = [draft for draft in lane.drafts[node.tag] if draft.is_there]
        there += [draft for draft in lane.extras if draft.node == node.tag]
        kept = frame.keep[node.tag]
        retain(
            there,
            lambda at, tag=node.tag, kept=kept: events.keep(tag, at, kept),  # type: ignore[misc]
            [order for order in orders if order.node == node.tag],
        )
    return [fault for fault in made if fault] + made_by_purge(frame, orders)


def _rename(frame: Frame, lanes: Sequence[Lane]) -> Fault:
    """Return the fault of a repo whose tarballs go on under another name."""
    old, new = lanes
    tags = tuple(node.tag for node in frame.nodes)
    onset = new.first_seen_at(0, tags)
    end = min(onset + max(10 * DAY, 4 * old.schedule.period), frame.ends_at)
    details = {
        "new_name": new.repo,
        "stamps": (),
        "period_seconds": old.schedule.period.total_seconds(),
    }
    return Fault("renamed", frame.tag, None, old.repo, onset, end, details)


def _from_first_absence(frame: Frame, fault: Fault, lanes: Sequence[Lane]) -> Fault:
    """Return a missed night from the moment on at which its first tarball would have been visible."""
    if fault.kind != "missed_night":
        return fault
    expected = [
        draft.visible_at
        for lane in lanes
        for draft in lane.drafts[frame.source.tag]
        if fault.onset <= draft.stamp_at < fault.end and not draft.is_there
    ]
    onset = min(expected, default=fault.onset)
    return replace(fault, onset=onset, end=max(fault.end, onset + DAY))


def _is_watched(node: SimNode, at: datetime) -> bool:
    return (node.added_at is None or node.added_at <= at) and (
        node.retired_at is None or at < node.retired_at
    )


def _all_drafts(lanes: Sequence[Lane], node: str) -> Iterator[Draft]:
    for lane in lanes:
        yield from (draft for draft in lane.drafts[node] if draft.is_there)
        yield from (draft for draft in lane.extras if draft.node == node)


def _looks(frame: Frame, events: Events, lanes: Sequence[Lane]) -> Iterator[SimLook]:
    """Yield the looks by time: at all nodes at once, save while the monitor is dead."""
    draw = chance.stream(frame.seed, "looks")
    disks = {
        node.tag: free_space(
            frame,
            node.tag,
            list(_all_drafts(lanes, node.tag)),
            [fill for fill in events.fills if fill.span.node == node.tag],
        )
        for node in frame.nodes
    }
    away = {node.tag: [s for s in events.away if s.node == node.tag] for node in frame.nodes}
    missed = {
        node.tag: [s for s in events.missed_looks if s.node == node.tag] for node in frame.nodes
    }
    every = frame.scenario.look_every
    begins_at = frame.starts_at + draw.random() * every
    while begins_at < frame.ends_at:
        at = (begins_at + timedelta(seconds=draw.uniform(0, 150))).replace(microsecond=0)
        begins_at += every
        if at >= frame.ends_at or any(span.holds(None, at) for span in events.blind):
            continue
        for node in frame.nodes:
            if not _is_watched(node, at):
                continue
            status = "ok"
            if any(span.holds(node.tag, at) for span in away[node.tag]):
                status = "unreachable"
            elif any(span.holds(node.tag, at) for span in missed[node.tag]):
                status = "timeout" if draw.random() < TIMEOUT_SHARE else "unreachable"
            if status != "ok":
                yield SimLook(node.tag, at, status, None, None, None)
                continue
            total, free = disks[node.tag]
            skew = round(draw.gauss(0, 0.5), 3)
            skew += sum(each.seconds for each in events.skews if each.span.holds(node.tag, at))
            yield SimLook(node.tag, at, "ok", free(at), total, skew)


def _tarballs(
    frame: Frame, events: Events, lanes: Sequence[Lane], looks: Sequence[SimLook]
) -> list[SimTarball]:
    """Return what can be seen of the tarballs while their nodes are looked at, in order of arrival."""
    found = []
    for node in frame.nodes:
        complete = [look.at for look in looks if look.node == node.tag and look.status == "ok"]
        reproofs = [at for tag, at in events.reproofs if tag == node.tag]
        last = min(node.retired_at or frame.ends_at, frame.ends_at)
        for draft in _all_drafts(lanes, node.tag):
            if draft.visible_at >= last or (draft.gone_at and draft.gone_at <= frame.starts_at):
                continue
            if draft.gone_at and draft.gone_at >= last:
                draft.gone_at = None
            found.append(_tarball(draft, complete, reproofs))
    return sorted(found, key=lambda tarball: (tarball.visible_at, tarball.node, tarball.path))


def _tarball(
    draft: Draft, complete: Sequence[datetime], reproofs: Sequence[datetime]
) -> SimTarball:
    """Return a draft as it ended; its file is re-read at the first complete look that sees it."""
    place = bisect_left(complete, draft.visible_at)
    proved_at = complete[place] if place < len(complete) else None
    if proved_at and draft.gone_at and draft.gone_at <= proved_at:
        proved_at = None
    has_digest = draft.sidecar_state == "ok"
    proof = ""
    if has_digest and proved_at:
        says_so = (draft.sidecar_digest, draft.sidecar_size_bytes)
        proof = "good" if says_so == (draft.digest, draft.size_bytes) else "digest_mismatch"
    again = [at for at in reproofs if proved_at and at > proved_at]
    again = [at for at in again if draft.gone_at is None or at < draft.gone_at]
    return SimTarball(
        node=draft.node,
        repo=draft.repo,
        path=draft.path,
        stamp_at=draft.stamp_at,
        stamp_text=draft.stamp_text,
        size_bytes=draft.size_bytes,
        mtime_at=draft.mtime_at,
        sidecar_state=draft.sidecar_state,
        sidecar_kind="dna",
        sidecar_digest=draft.sidecar_digest if has_digest else "",
        sidecar_size_bytes=draft.sidecar_size_bytes if has_digest else None,
        visible_at=draft.visible_at,
        gone_at=draft.gone_at,
        proof=proof,
        proved_at=proved_at if proof else None,
        proved_again_at=again[-1] if again and proof else None,
    )
