"""What people do about findings: acknowledge, snooze, withdraw, accept a new level. Each answer is kept as a row.

Moments are arguments. Who may answer is decided by whoever calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from hubs.models import Repo
from hubs.names import one_line
from probes.models import ACKNOWLEDGEMENT, AcceptedLevel, Answer, Finding

MOST_CHARACTERS = 500
# What these say, they say by comparing with earlier tarballs: there is a level that may become another.
LEVEL_CODES = frozenset(
    {
        "shrunk",
        "grown",
        "declining",
        "growing",
        "stale_content",
        "revision_back",
        "purged_too_much",
        "not_purged",
        "count_low",
    }
)


class AnswerError(Exception):
    """An answer that cannot be taken, as a sentence for whoever gave it.

    `field` is the input that is wrong, where it is one; `conflict` says that the finding's state is in the way,
    not the input.
    """

    def __init__(self, sentence: str, field: str = "", *, conflict: bool = False) -> None:
        super().__init__(sentence)
        self.field = field
        self.conflict = conflict


@dataclass(frozen=True)
class Level:
    """What would be accepted: tarballs of these repos, from this stamp on."""

    repos: Sequence[Repo]
    from_stamp_at: datetime


def muted(now: datetime) -> Q:
    """Return the condition for open findings that `Finding.is_muted` calls muted."""
    in_force = Q(acknowledged_until=None) | Q(acknowledged_until__gt=now)
    return Q(closed_at=None, acknowledged_at__isnull=False) & in_force


def one_paragraph(text: str) -> str:
    """Return a text with every run of white space as one space, and nothing that cannot be seen."""
    return one_line(" ".join(text.split()))


def acknowledge(
    finding: Finding, user: User, reason: str, until: datetime | None = None, *, now: datetime
) -> Answer:
    """Silence a finding until it closes, or (snooze) until a moment; replaces an earlier acknowledgement."""
    told = _told(reason)
    if until is not None and until <= now:
        raise AnswerError("That moment is over: choose one that is still to come.", "until")
    with transaction.atomic():
        _lock_open(finding)
        _mute(finding, user, told, until, now)
        kind = Answer.Kind.SNOOZED if until else Answer.Kind.ACKNOWLEDGED
        return _log(finding, kind, user, now, told, until)


def withdraw(finding: Finding, user: User, now: datetime) -> Answer:
    """Let a finding that is acknowledged or snoozed speak again."""
    with transaction.atomic():
        if not _lock_open(finding).is_muted(now):
            raise AnswerError(
                "It is not acknowledged: there is nothing to withdraw.", conflict=True
            )
        finding.unmute()
        finding.save(update_fields=ACKNOWLEDGEMENT)
        return _log(finding, Answer.Kind.WITHDRAWN, user, now)


def accept_level(finding: Finding, user: User, reason: str, now: datetime) -> Answer:
    """Make what a finding complains of the new measure for its repos, and acknowledge it; judging closes it."""
    told = _told(reason)
    level = level_of(finding, now)
    if level is None:
        raise AnswerError(
            f"There is no level to accept: “{finding.code.replace('_', ' ')}” does not say that a "
            "repo's tarballs are unlike earlier ones."
        )
    with transaction.atomic():
        _lock_open(finding)
        accepted = AcceptedLevel.objects.filter(
            repo__in=level.repos, from_stamp_at=level.from_stamp_at
        )
        known = set(accepted.values_list("repo_id", flat=True))
        new = [repo for repo in level.repos if repo.pk not in known]
        if not new:
            raise AnswerError(
                "This level was already accepted; the next judgement compares with it.",
                conflict=True,
            )
        AcceptedLevel.objects.bulk_create(
            AcceptedLevel(
                repo=repo,
                from_stamp_at=level.from_stamp_at,
                accepted_by=user,
                accepted_at=now,
                reason=told,
            )
            for repo in new
        )
        _mute(finding, user, told, None, now)
        return _log(finding, Answer.Kind.ACCEPTED, user, now, told)


def level_of(finding: Finding, now: datetime) -> Level | None:
    """Return the level that a finding lets one accept; None where it is about none."""
    if finding.code not in LEVEL_CODES:
        return None
    repos = [finding.repo] if finding.repo else _repos_named(finding)
    return Level(repos, _first_stamp(finding, now)) if repos else None


def _repos_named(finding: Finding) -> list[Repo]:
    """Return the repos of a finding that tells of several, which its evidence names as `category/name`."""
    named = finding.evidence.get("repos", [])
    paths = {path for path in named if isinstance(path, str)} if isinstance(named, list) else set()
    names = {path.rpartition("/")[2] for path in paths}
    repos = Repo.objects.filter(hub=finding.hub_id, name__in=names).select_related("hub")
    return [repo for repo in repos if repo.path in paths]


def _first_stamp(finding: Finding, now: datetime) -> datetime:
    """Return the stamp from which on tarballs are of the new level; never one that is still to come."""
    return min(finding.stamp_at or _moment(finding.evidence.get("stamp_at")) or now, now)


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _told(reason: str) -> str:
    told = one_paragraph(reason)
    if not told:
        raise AnswerError("Say why: others will want to know.", "reason")
    if len(told) > MOST_CHARACTERS:
        raise AnswerError(
            f"Say it in at most {MOST_CHARACTERS} characters; this has {len(told)}.", "reason"
        )
    return told


def _lock_open(finding: Finding) -> Finding:
    """Return the stored row, locked until the transaction ends; one that is closed takes no answer."""
    stored = Finding.objects.select_for_update().get(pk=finding.pk)
    if stored.closed_at is not None:
        raise AnswerError("It is closed: there is nothing left to answer.", conflict=True)
    return stored


def _mute(finding: Finding, user: User, reason: str, until: datetime | None, now: datetime) -> None:
    finding.acknowledged_by = user
    finding.acknowledged_at = now
    finding.acknowledged_reason = reason
    finding.acknowledged_until = until
    finding.save(update_fields=ACKNOWLEDGEMENT)


def _log(
    finding: Finding,
    kind: Answer.Kind,
    user: User,
    now: datetime,
    reason: str = "",
    until: datetime | None = None,
) -> Answer:
    return finding.answers.create(
        kind=kind,
        author=user,
        author_name=user.get_username(),
        at=now,
        reason=reason,
        until=until,
    )
