"""Moments as people write them: a date, or a time in ISO 8601, on the clock of a zone where they name none."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC that a text such as `2026-05-01` means: of a date, when it begins in the zone.

    Raises ValueError when the text is neither a date nor a time, or outside the calendar.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no date: write YYYY-MM-DD, or a time in ISO 8601") from None
