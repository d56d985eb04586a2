"""Durations as people write them: `90s`, `10m`, `6h`, `1d`, `2w`, and sums such as `1d12h`."""

import re
from datetime import timedelta

UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST_SECONDS = 10**10
DURATION = re.compile(r"(?:\d{1,10}[wdhms])+")
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
    if not 0 < seconds <= LONGEST_SECONDS:
        raise ValueError(f"{text!r} is no time at all, or more than a lifetime")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Return the duration in the largest unit up to days that it is whole numbers of: `30d`, `26h`, `90m`."""
    seconds = int(duration.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % UNIT_SECONDS[unit] == 0)
    return f"{seconds // UNIT_SECONDS[unit]}{unit}"


def spoken_duration(duration: timedelta) -> str:
    """Return a duration as messages say it, in its two largest units: `1d`, `1d 6h`, `2m 5s`; the rest is left out."""
    left, parts = abs(int(duration.total_seconds())), []
    for unit in "dhms":
        number, left = divmod(left, UNIT_SECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
        if (parts and left < 0.02 * UNIT_SECONDS[unit]) or len(parts) == 2:
            break
    return " ".join(parts) or "0s"
