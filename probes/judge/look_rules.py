"""Rules about looks: whether a replica could be looked at, and whether what the hub selects was ever seen."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hubs.durations import spoken_duration
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.values import ALARM, NOTICE, WARN, HubPast, Look, ReplicaPast, Verdict

OK = "ok"
CODE_OF_STATUS = {"unreachable": "unreachable", "host_key": "host_key", "no_root": "no_root"}
# These do not mend themselves: somebody must look at the login, the node's shell, the cap or scmmon.
INCOMPLETE_ALARMS = ("auth", "malformed", "overflow", "error")
BLINDNESS_TOLD_FOR = timedelta(days=1)
# These a network does for a moment: the next look tells whether there is more to it.
MAYBE_THE_NETWORK = ("unreachable", "timeout", "truncated", "aborted")
# A look that ended here says something of the node, whichever replica it was for.
STAGES_OF_NODE = ("connect", "login")


def look_failed(past: HubPast, limits: Limits, now: datetime) -> Iterator[Verdict]:
    """Tell of replicas whose latest look was not complete: one verdict for a node however many it holds."""
    together: dict[tuple[str, str], list[tuple[ReplicaPast, Look]]] = defaultdict(list)
    for replica in past.replicas:
        look = replica.latest
        if not look or look.status == OK:
            continue
        if replica.planned.covering(look.started_at) or past.planned.covering(look.started_at):
            continue  # somebody worked there, and said so
        if replica.failures_in_a_row >= limits.alert_after:
            code = CODE_OF_STATUS.get(look.status, "incomplete")
            together[code, _subject_of_failure(replica, look)].append((replica, look))
    for (code, subject), failures in together.items():
        yield _failure(code, subject, failures, past)


def _subject_of_failure(replica: ReplicaPast, look: Look) -> str:
    failed_at_node = look.status in ("unreachable", "host_key") or look.stage in STAGES_OF_NODE
    return f"node {replica.node_id}" if failed_at_node else replica.subject


def _failure(
    code: str, subject: str, failures: list[tuple[ReplicaPast, Look]], past: HubPast
) -> Verdict:
    first, look = min(failures, key=lambda failure: failure[0].id)
    stage = f" in stage {look.stage}" if look.stage else ""
    message = (
        f"The look at {first.node} that began at {wording.moment(look.started_at, past.zone)} ended "
        f"as {look.status}{stage}: {wording.sentence(look.error or 'no reason was given')} "
        f"{_unknown(first, past)}"
    )
    return Verdict(
        code=code,
        severity=_severity(code, [replica for replica, _ in failures], look),
        subject=subject,
        message=message,
        evidence={
            "status": look.status,
            "stage": look.stage,
            "error": look.error,
            "run": look.id,
            "node": first.node,
            "roots": [replica.root for replica, _ in failures],
            "complete_look_at": first.complete and wording.iso(first.complete.started_at),
        },
        replica_id=first.id,
    )


def _severity(code: str, replicas: Sequence[ReplicaPast], look: Look) -> str:
    """Return how bad it is: one look that failed after a good one may be the network's, and the next one tells."""
    is_first = all(replica.complete and replica.failures_in_a_row < 2 for replica in replicas)
    if is_first and look.status in MAYBE_THE_NETWORK:
        return NOTICE
    if code == "incomplete":
        return ALARM if look.status in INCOMPLETE_ALARMS else WARN
    return ALARM


def _unknown(replica: ReplicaPast, past: HubPast) -> str:
    if not replica.complete:
        return "It was never listed completely, so nothing is known of it."
    since = wording.moment(replica.complete.started_at, past.zone)
    return f"What is there is unknown since {since}, when the last complete look began."


def monitor_late(past: HubPast, limits: Limits, now: datetime) -> Iterator[Verdict]:
    """Tell of a hub that was looked at before, and of which no look at all, good or bad, began in time.

    After the first look that follows, it is told for a day more: nobody may have been there to tell it before.
    """
    looks = sorted({at for replica in past.replicas for at, _ in replica.looks_at}, reverse=True)
    if not looks:
        return
    within = spoken_duration(limits.look_within)
    if now - looks[0] > limits.look_within:
        yield _monitor_late(looks[0], None, past, within)
        return
    for later, earlier in pairwise(looks):
        if later < now - BLINDNESS_TOLD_FOR:
            return
        if later - earlier > limits.look_within:
            yield _monitor_late(earlier, later, past, within)
            return


def _monitor_late(earlier: datetime, later: datetime | None, past: HubPast, within: str) -> Verdict:
    since = wording.moment(earlier, past.zone)
    told = (
        f"Nobody looked at any replica of this hub from {since} to {wording.moment(later, past.zone)}: "
        "what came and went in that time was not seen."
        if later
        else f"Nobody has looked at any replica of this hub since {since}. scmmon itself is blind: is `collect` still "
        "scheduled, and does it start?"
    )
    return Verdict(
        code="monitor_late",
        severity=WARN if later else ALARM,
        subject="hub",
        message=f"{told} A look is expected within {within}.",
        evidence={
            "look_within": within,
            "latest_look_at": wording.iso(earlier),
            "looked_again_at": wording.iso(later) if later else None,
        },
    )


def not_looked(past: HubPast, limits: Limits, now: datetime) -> Iterator[Verdict]:
    """Tell of replicas that nobody looked at in time; where the look failed, that is told instead."""
    within = spoken_duration(limits.look_within)
    late = [
        replica
        for replica in past.replicas
        if not (replica.known or (replica.latest and replica.latest.status != OK))
        and not replica.planned.covering(now)
    ]
    if len(late) > 1 and len(late) == len(past.replicas):
        yield _nobody_looked(late, past, within)
        return
    for replica in late:
        yield Verdict(
            code="not_looked",
            severity=ALARM
            if replica.complete
            else WARN,  # nobody may have got round to a new one yet
            subject=replica.subject,
            message=f"{replica.label} should be looked at within {within}. {_unknown(replica, past)} "
            "Is `collect` still scheduled?",
            evidence={
                "look_within": within,
                "complete_look_at": replica.complete and wording.iso(replica.complete.started_at),
            },
            replica_id=replica.id,
        )


def _nobody_looked(late: Sequence[ReplicaPast], past: HubPast, within: str) -> Verdict:
    """Return one verdict for a hub of which no replica was looked at in time."""
    labels = sorted(replica.label for replica in late)
    return Verdict(
        code="not_looked",
        severity=ALARM if any(replica.complete for replica in late) else WARN,
        subject="hub",
        message=f"None of the {len(late)} replicas was looked at completely within {within}: "
        f"{wording.some(labels, len(labels))}. {_unknown(late[0], past)}",
        evidence={"look_within": within, "nodes": labels},
        includes=tuple(replica.subject for replica in late),
    )


def select_unmatched(past: HubPast, limits: Limits, now: datetime) -> Iterator[Verdict]:
    """Tell of each selected repo that was never seen on any replica, once there is one that shows tarballs.

    A hub of which every replica is empty is told as `empty`, not once more for each repo.
    """
    showing = [replica for replica in past.replicas if replica.known and not replica.empty]
    if not showing:
        return
    labels = sorted(replica.label for replica in showing)
    for repo in past.unmatched:
        yield Verdict(
            code="select_unmatched",
            severity=WARN,
            subject=f"repo {repo.id}",
            message=f"{repo.path} is selected, but no tarball of that name was ever seen on "
            f"{wording.some(labels, len(labels))}. Is it spelt as on the nodes (category/name)?",
            evidence={"select": repo.path, "looked_at": labels},
            repo_id=repo.id,
        )
