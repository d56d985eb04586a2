"""Notes in `var` of when people were told of something: for what must not depend on a database, such as that it is away."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from hubs.names import key, one_line

TOLD_AGAIN_AFTER = timedelta(days=1)


def told_at(about: str) -> datetime | None:
    """Return when people were last told of something; None where they were not, or that cannot be read."""
    try:
        return datetime.fromisoformat(_file(about).read_text())
    except (OSError, ValueError):
        return None


def was_told_lately(about: str, now: datetime) -> bool:
    """Say whether people were told of something within a day."""
    before = told_at(about)
    return before is not None and now - before < TOLD_AGAIN_AFTER


def note(about: str, now: datetime) -> None:
    """Keep that people were told of something; raises OSError where that cannot be written."""
    file = _file(about)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(now.isoformat())


def forget(about: str) -> None:
    """Forget that people were told of something."""
    _file(about).unlink(missing_ok=True)


def _file(about: str) -> Path:
    directory: Path = settings.VAR_DIR / "told"
    return directory / key(one_line(about))
