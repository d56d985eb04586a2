"""Another policy that is to be tried on the past: how it differs, how much work that is, which command does it. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hubs.durations import format_duration
from hubs.limits import LIMIT_NAMES, Limits

SHORTEST_STEP = timedelta(minutes=1)
# Judgements of one repo on one replica at one look: a page waits about half a minute for both policies.
MOST_WORK = 80_000
TARBALLS_READ_AS_FAST = 2  # as one such judgement is made


@dataclass(frozen=True)
class Difference:
    """What of a policy is not as it is today."""

    overrides: Mapping[str, Any]
    emptied: tuple[str, ...]  # set today; then learned, or not asked for

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.overrides or self.emptied)

    @property
    def names(self) -> tuple[str, ...]:
        """The limits that differ."""
        return (*self.overrides, *self.emptied)


def difference(today: Limits, tried: Limits) -> Difference:
    """Return what makes the limits of today those that are tried; what neither sets has its default in both."""
    differing = {
        name: getattr(tried, name)
        for name in LIMIT_NAMES
        if getattr(tried, name) != getattr(today, name)
    }
    return Difference(
        {name: value for name, value in differing.items() if value is not None},
        tuple(name for name, value in differing.items() if value is None),
    )


def limit_text(value: Any) -> str:
    """Return a limit as `--set` and the inventory write it; of one that is not set, nothing."""
    if value is None:
        return ""
    return format_duration(value) if isinstance(value, timedelta) else str(value)


@dataclass(frozen=True)
class Past:
    """Which looks are replayed; the texts are the moments as they were written, empty for an end that is now."""

    since: datetime
    until: datetime
    every: timedelta
    since_text: str
    until_text: str = ""

    @property
    def looks(self) -> int:
        """How many looks that are."""
        return (self.until - self.since) // self.every + 1


@dataclass(frozen=True)
class Work:
    """What one replay has to do."""

    looks: int
    repos: int
    replicas: int
    tarballs: int  # ever seen, all of which are read

    @property
    def amount(self) -> int:
        """In judgements of one repo on one replica."""
        return self.looks * self.repos * self.replicas + self.tarballs // TARBALLS_READ_AS_FAST

    @property
    def refusal(self) -> str:
        """Why no page should wait for it; empty where one may."""
        if self.amount <= MOST_WORK:
            return ""
        return (
            f"That is more than a page can wait for (looks: {self.looks:,}, repos: {self.repos:,}, replicas: "
            f"{self.replicas:,}, tarballs to read: {self.tarballs:,}, and all of it for each of the two policies). "
            "Ask for fewer looks (a later beginning, longer steps), or run the command backtest as written below: "
            "it takes all the time that it needs."
        )


def command_line(hub_tag: str, past: Past, overrides: Mapping[str, Any]) -> str:
    """Return the `backtest` that tells what the tried policy finds, quoted for a shell."""
    words = ["manage.py", "backtest", hub_tag, "--since", past.since_text]
    if past.until_text:
        words += ["--until", past.until_text]
    words += ["--every", format_duration(past.every)]
    for name, value in overrides.items():
        words += ["--set", f"{name}={limit_text(value)}"]
    return shlex.join(words)
