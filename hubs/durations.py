"""Durations as people write them: `90s`, `10m`, `6h`, `1d`, `2w`, and sums such as `1d12h`."""

import re
from datetime import timedelta

UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
DURATION = re.compile(r"(?:\d{1,6}[wdhms])+")
PART = re.compile(r"(\d+)([wdhms])")


def parse_duration(text: str) -> timedelta:
    """Return the duration that a text such as `1d12h` means.

    Raises ValueError when the text is not one, or means nothing at all.
    """
    if not DURATION.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a duration: write for instance 90s, 10m, 6h, 1d or 1d12h"
        )
    seconds = sum(int(number) * UNIT_SECONDS[unit] for number, unit in PART.findall(text))
    if not seconds:
        raise ValueError(f"{text!r} is no time at all")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Return the duration in the largest unit up to days that it is whole numbers of: `30d`, `26h`, `90m`."""
    seconds = int(duration.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % UNIT_SECONDS[unit] == 0)
    return f"{seconds // UNIT_SECONDS[unit]}{unit}"
