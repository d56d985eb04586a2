"""Moments, sizes and lists as the messages of findings say them."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from itertools import islice

EXAMPLES = 5


def moment(at: datetime, zone: tzinfo) -> str:
    """Return a moment on the clock of a zone, with the zone named."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone}"


def size(size_bytes: int) -> str:
    """Return a size in exact bytes."""
    return f"{size_bytes:,} byte{'' if size_bytes == 1 else 's'}"


def number(count: int, noun: str) -> str:
    """Return a count with its noun, such as `1 look` or `2 looks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def some(texts: Iterable[str], count: int) -> str:
    """Return the first of some texts in one line, saying how many of the count are left out."""
    shown = list(islice(texts, EXAMPLES))
    left_out = f" and {count - len(shown):,} more" if count > len(shown) else ""
    return ", ".join(shown) + left_out


def sentence(text: str) -> str:
    """Return a text of somebody else's with one full stop at its end."""
    return text.rstrip(" .") + "."


def iso(at: datetime) -> str:
    """Return a moment as evidence holds it: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat()
