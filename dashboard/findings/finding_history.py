"""Takes a finding and its answers, gives what happened to it in order of time. Pure; the clock is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dashboard.wording import moment
from probes.models import Answer, Finding


@dataclass(frozen=True)
class Event:
    """Something that happened; `who` and `why` are of people, and empty where a rule did it."""

    at: datetime
    what: str
    who: str = ""
    why: str = ""


def history(finding: Finding, answers: Sequence[Answer], now: datetime) -> list[Event]:
    """Return the life of a finding, oldest first; answers come in order of time."""
    over_at = finding.closed_at or now
    events = [
        Event(finding.opened_at, _opened(finding)),
        *map(_event, answers),
        *_ended_snoozes(answers, over_at),
        Event(finding.confirmed_at, "last found true"),
    ]
    if finding.closed_at:
        events.append(Event(finding.closed_at, "closed"))
    return sorted(events, key=lambda event: event.at)


def _opened(finding: Finding) -> str:
    times = finding.reopenings
    if not times:
        return "opened"
    often = "once" if times == 1 else f"{times} times"
    return f"opened; since then it closed and came back within a day {often}"


def _event(answer: Answer) -> Event:
    what = Answer.Kind(answer.kind).label
    if answer.until:
        what = f"{what} until {moment(answer.until)}"
    return Event(answer.at, what, answer.author_name, answer.reason)


def _ended_snoozes(answers: Sequence[Answer], over_at: datetime) -> list[Event]:
    """Return when snoozes ran out, save those that another answer or the end of the finding came before."""
    next_at = [later.at for _, later in pairwise(answers)] + [over_at]
    return [
        Event(answer.until, "the snooze ran out: it speaks again")
        for answer, ended_at in zip(answers, next_at, strict=False)
        if answer.until and answer.until <= ended_at
    ]
