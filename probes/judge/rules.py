"""All the rules: which there are, and how they are applied to a past."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from hubs.limits import Limits
from probes.judge import (
    copy_rules,
    delivery_rules,
    freshness_rules,
    look_rules,
    replica_rules,
    retention_rules,
    size_rules,
    tarball_rules,
)
from probes.judge.freshness_rules import Freshness, freshness
from probes.judge.gathering import gathered
from probes.judge.grouping import grouped
from probes.judge.showing import shown
from probes.judge.values import HubPast, RepoPast, Verdict

# Each is called with a value, the limits and a moment or zone, and gives verdicts.
LOOK_RULES = (
    look_rules.look_failed,
    look_rules.not_looked,
    look_rules.monitor_late,
    look_rules.select_unmatched,
    delivery_rules.delivery_failed,
)
REPLICA_RULES = (
    replica_rules.empty,
    replica_rules.clock_skew,
    replica_rules.disk_low,
    replica_rules.disk_filling,
    replica_rules.stale_lock,
    replica_rules.unrecognised,
)
REPO_RULES = (
    freshness_rules.gap,
    freshness_rules.backdated,
    freshness_rules.count_low,
    size_rules.compared,
    size_rules.revision_back,
    copy_rules.missing,
    copy_rules.lagging,
    copy_rules.diverged,
    copy_rules.too_few_copies,
)
RULES_WITHOUT_DOUBT = (
    tarball_rules.unverified_too_long,
    tarball_rules.future_stamp,
    tarball_rules.duplicate_stamp,
    tarball_rules.changed_after_complete,
    retention_rules.purged_too_much,
    retention_rules.not_purged,
)
TARBALL_RULES = (
    tarball_rules.empty_archive,
    tarball_rules.size_mismatch,
    tarball_rules.no_sidecar,
    tarball_rules.bad_sidecar,
    tarball_rules.disproved,
    *RULES_WITHOUT_DOUBT,
)

LOOK_CODES = frozenset({"unreachable", "host_key", "incomplete", "no_root", "not_looked"})
HUB_CODES = frozenset({"select_unmatched", "monitor_late", "delivery_failed"})
REPLICA_CODES = frozenset(
    {"empty", "clock_skew", "disk_low", "disk_filling", "stale_lock", "unrecognised"}
)
REPO_CODES = frozenset(
    {
        "missing",
        "overdue",
        "count_low",
        "gap",
        "purged_too_much",
        "not_purged",
        "future_stamp",
        "duplicate_stamp",
        "empty_archive",
        "shrunk",
        "grown",
        "declining",
        "growing",
        "stale_content",
        "changed_after_complete",
        "no_sidecar",
        "bad_sidecar",
        "size_mismatch",
        "digest_mismatch",
        "corrupt",
        "unreadable_content",
        "lagging",
        "diverged",
        "too_few_copies",
        "unverified_too_long",
        "revision_back",
    }
)
CODES = LOOK_CODES | HUB_CODES | REPLICA_CODES | REPO_CODES


def verdicts_on(
    past: HubPast, limits: Limits, repos: Iterable[tuple[RepoPast, Limits]], now: datetime
) -> Iterator[Verdict]:
    """Give all that is to be told of a hub at a moment, what has one cause in one verdict."""
    told = list(_of_looks(past, limits, now))
    fresh: list[Freshness] = []
    of_repos: list[Verdict] = []
    names = {}
    for repo_past, repo_limits in repos:
        names[repo_past.repo.id] = repo_past.repo
        of_repos += _of_repo(repo_past, repo_limits)
        if one := freshness(repo_past, repo_limits):
            fresh.append(one)
    told += freshness_rules.overdue(fresh, past)
    told += gathered(of_repos, names, past.replicas)
    replicas = {replica.id: replica for replica in past.replicas}
    paths = {repo_id: repo.path for repo_id, repo in names.items()}
    for verdict in told:
        yield shown(verdict, replicas, paths)


def _of_looks(past: HubPast, limits: Limits, now: datetime) -> Iterator[Verdict]:
    for look_rule in LOOK_RULES:
        yield from look_rule(past, limits, now)
    for replica in past.replicas:
        if replica.known and replica.complete:
            for rule in REPLICA_RULES:
                yield from rule(replica, replica.complete, limits, past.zone)


def _of_repo(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    for repo_rule in REPO_RULES:
        yield from repo_rule(past, limits)
    for kept in past.kept:
        if not kept.tarballs:
            continue
        for rule in TARBALL_RULES if kept.doubtful else RULES_WITHOUT_DOUBT:
            found = list(rule(past.repo, kept, limits, past.zone))
            if found:
                yield from grouped(found, past.repo, kept.replica)
