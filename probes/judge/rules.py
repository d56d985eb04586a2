"""All the rules: which there are, how they are applied to a past, and on what evidence a verdict of each may be withdrawn."""

from collections.abc import Iterator
from datetime import datetime

from hubs.limits import Limits
from probes.judge import copy_rules, freshness_rules, look_rules, replica_rules, tarball_rules
from probes.judge.grouping import grouped
from probes.judge.values import HubPast, RepoPast, Verdict

# Each is called with a value, the limits and a moment or zone, and gives verdicts.
LOOK_RULES = (look_rules.look_failed, look_rules.not_looked, look_rules.select_unmatched)
REPLICA_RULES = (
    replica_rules.empty,
    replica_rules.clock_skew,
    replica_rules.disk_low,
    replica_rules.stale_lock,
    replica_rules.unrecognised,
)
REPO_RULES = (
    freshness_rules.overdue,
    freshness_rules.count_low,
    copy_rules.missing,
    copy_rules.lagging,
    copy_rules.diverged,
)
TARBALL_RULES = (
    tarball_rules.empty_archive,
    tarball_rules.size_mismatch,
    tarball_rules.no_sidecar,
    tarball_rules.bad_sidecar,
    tarball_rules.future_stamp,
    tarball_rules.changed_after_complete,
)

LOOK_CODES = frozenset({"unreachable", "host_key", "incomplete", "no_root", "not_looked"})
HUB_CODES = frozenset({"select_unmatched"})
REPLICA_CODES = frozenset(rule.__name__ for rule in REPLICA_RULES)
REPO_CODES = frozenset(rule.__name__ for rule in REPO_RULES + TARBALL_RULES)
CODES = LOOK_CODES | HUB_CODES | REPLICA_CODES | REPO_CODES


def hub_verdicts(past: HubPast, limits: Limits, now: datetime) -> Iterator[Verdict]:
    """Give what is to be told of a hub's looks and replicas."""
    for look_rule in LOOK_RULES:
        yield from look_rule(past, limits, now)
    for replica in past.replicas:
        if replica.known and replica.complete:
            for rule in REPLICA_RULES:
                yield from rule(replica, replica.complete, limits, past.zone)


def repo_verdicts(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Give what is to be told of one repo and its tarballs."""
    for repo_rule in REPO_RULES:
        yield from repo_rule(past, limits)
    for kept in past.kept:
        for rule in TARBALL_RULES:
            yield from grouped(rule(past.repo, kept, limits, past.zone), past.repo, kept.replica)
