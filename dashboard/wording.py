"""Plain words for values: sizes, ages, moments. Pure; the clock is an argument."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from probes.models import SidecarState

UNITS = [("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)]
MINUTE, HOUR, DAY, YEAR = 60, 3_600, 86_400, 31_556_952


def size(size_bytes: int | None) -> str:
    """Return a size in three digits, decimal units: 1.23 GB."""
    if size_bytes is None:
        return "unknown"
    for unit, factor in UNITS:
        if size_bytes >= factor:
            number = size_bytes / factor
            digits = 2 if number < 10 else 1 if number < 100 else 0
            return f"{number:.{digits}f} {unit}"
    return f"{size_bytes} B"


def exact_bytes(size_bytes: int | None) -> str:
    """Return a size to the byte: 1,234,567 bytes."""
    return "unknown" if size_bytes is None else f"{size_bytes:,} bytes"


def span(seconds: float) -> str:
    """Return a length of time in one or two units: 12 s, 45 min, 5 h, 12 d, 3.4 y."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.0f} h"
    if seconds < 1.5 * YEAR:
        return f"{seconds / DAY:.0f} d"
    return f"{seconds / YEAR:.1f} y"


def age(at: datetime | None, now: datetime) -> str:
    """Return how long ago a moment was; one ahead of us says so."""
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return f"in {span(-seconds)}"
    return f"{span(seconds)} ago" if seconds >= MINUTE else "just now"


def unknown_since(at: datetime | None) -> str:
    """Return the words for what is not known: since when, or that it never was."""
    return "never looked at" if at is None else f"unknown since {moment(at)}"


def moment(at: datetime | None) -> str:
    """Return a moment in UTC: 2026-11-21 22:13 UTC."""
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def moment_there(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment on the clock of a zone, to stand beside UTC: 03:14 +0800, with the day where it differs."""
    there, here = at.astimezone(zone), at.astimezone(UTC)
    return f"{there:%H:%M %z}" if there.date() == here.date() else f"{there:%d %b %H:%M %z}"


def sidecar(kind: str, state: str) -> str:
    """Return what is known of a sidecar: sha256 read."""
    return f"{kind} {SidecarState(state).label}".strip()


def clock(skew_seconds: float | None) -> str:
    """Return how a node's clock differs from ours."""
    if skew_seconds is None:
        return "unknown"
    if abs(skew_seconds) < 1:
        return "the same as ours to a second"
    return f"{span(abs(skew_seconds))} {'ahead of' if skew_seconds > 0 else 'behind'} ours"
