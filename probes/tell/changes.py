"""Takes a finding and what people were told of it, gives what they are to be told now, if anything. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hubs.limits import Limits
from probes.change import Change

CLOSED = "closed"
ORDER = ("notice", "warn", "alarm")
WINDOW = timedelta(hours=24)

RISING = (Change.NEW, Change.AGAIN, Change.WORSE)
COMING_AND_GOING = (*RISING, Change.BETTER, Change.CLOSED)


@dataclass(frozen=True)
class Standing:
    """A finding, and what people were told of it."""

    severity: str
    is_open: bool
    is_muted: bool = False  # acknowledged or snoozed now
    told_as: str = ""  # the severity last told, or closed; empty: nothing was told
    told_at: datetime | None = None
    mute_ended_at: datetime | None = None  # when a snoozing ran out, if it did
    coming_and_going: Sequence[tuple[datetime, str]] = ()  # when that was told, and as what

    def lately(self, now: datetime) -> list[str]:
        """Return as what its coming and going was told in the last 24 hours."""
        return [told_as for at, told_as in self.coming_and_going if now - at < WINDOW]


def change_of(standing: Standing, limits: Limits, now: datetime) -> Change | None:
    """Return how a finding differs from what people were told; None where it does not, or must wait.

    A finding that comes and goes is told `messages_per_day` times in 24 hours at most. What is worse than all that
    was told in that time is never held back, nor what nobody was told yet.
    """
    change = _difference(standing)
    if change in (None, Change.NEW):
        return change
    lately = standing.lately(now)
    if len(lately) < limits.messages_per_day:
        return change
    told = [ORDER.index(told_as) for told_as in lately if told_as in ORDER]
    is_worst = standing.is_open and ORDER.index(standing.severity) > max(told, default=-1)
    return change if is_worst else None


def is_last_for_now(standing: Standing, limits: Limits, now: datetime) -> bool:
    """Say whether a message now is the last for a day about the coming and going of a finding."""
    return len(standing.lately(now)) + 1 >= limits.messages_per_day


def _difference(standing: Standing) -> Change | None:
    told_as = standing.told_as
    if not standing.is_open:
        return None if told_as in ("", CLOSED) else Change.CLOSED
    if standing.is_muted:
        return None
    if told_as == "":
        return Change.NEW
    if told_as == CLOSED:
        return Change.AGAIN
    if told_as == standing.severity:
        return None
    return Change.WORSE if _is_worse(standing) else Change.BETTER


def _is_worse(standing: Standing) -> bool:
    return ORDER.index(standing.severity) > ORDER.index(standing.told_as)


def is_reminded(standing: Standing, limits: Limits, now: datetime) -> bool:
    """Say whether people are to be reminded: open and unanswered for long, or a snoozing has run out."""
    if not standing.is_open or standing.is_muted or standing.told_at is None:
        return False
    if standing.mute_ended_at and standing.told_at < standing.mute_ended_at <= now:
        return True
    return now - standing.told_at >= limits.remind_every
