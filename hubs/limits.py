"""What is expected of a repo's tarballs, as plain values for the rules: defaults, and how they are overridden.

A `Policy` row holds only what somebody set; `limits_from` lays the rows of a repo and its hub over the defaults.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Limits:
    """All that the rules need to know; a field of `Policy` has the same name and None for "not set"."""

    cadence: str = "auto"  # learned; or a duration; or cron text in the hub's zone
    grace: timedelta = timedelta(hours=6)
    expected_per_day: int | None = None
    extensions: str = ".tar.gz"  # with spaces between
    sidecar: str = "required"  # required, optional, none
    sidecar_deadline: timedelta = timedelta(hours=6)
    shrink_max: int | None = (
        None  # percent of its size by which a tarball may shrink; None: learned
    )
    grow_max: int | None = None  # likewise
    keep_min: int | None = None
    keep_max: int | None = None
    copies: int | None = None
    sites: int | None = None
    copy_within: timedelta | None = None  # how far a copy may be behind; None: learned
    verified_within: timedelta | None = None
    lock_max_age: timedelta = timedelta(hours=12)
    free_space_min: str = "5%"  # of the file system, or bytes such as 50GB
    days_to_full: int = 14  # of the file system, as its free space has been going
    look_within: timedelta = timedelta(hours=26)
    alert_after: int = 1  # looks
    remind_every: timedelta = timedelta(days=7)
    messages_per_day: int = 3  # about the coming and going of one finding


LIMIT_NAMES = tuple(field.name for field in fields(Limits))
DEFAULT_LIMITS = Limits()


def limits_from(*layers: Mapping[str, Any] | None) -> Limits:
    """Return the defaults with layers laid over them, the last winning; None in a layer means not set."""
    limits = DEFAULT_LIMITS
    for layer in layers:
        set_here = {
            name: value
            for name, value in (layer or {}).items()
            if value is not None and value != ""
        }
        limits = replace(limits, **set_here)
    return limits


SIZE_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def parse_size(text: str) -> int:
    """Return the bytes that `50GB` or `1048576` means; raises ValueError when it is no size."""
    for unit, factor in sorted(SIZE_UNITS.items(), key=lambda item: -len(item[0])):
        number = text.removesuffix(unit).strip()
        if text.endswith(unit) and number.isdecimal():
            return int(number) * factor
    if text.isdecimal():
        return int(text)
    raise ValueError(f"{text!r} is not a size: write for instance 50GB, 500MB or 1048576")


def free_space_floor_bytes(free_space_min: str, total_bytes: int) -> int:
    """Return the least free bytes that `free_space_min` (a percentage or a size) asks of a file system.

    Raises ValueError when the text is neither.
    """
    if not free_space_min.endswith("%"):
        return parse_size(free_space_min)
    percent = free_space_min[:-1]
    if not percent.isdecimal() or int(percent) > 100:
        raise ValueError(f"{free_space_min!r} is not a percentage from 0% to 100%")
    return total_bytes * int(percent) // 100


def extensions_of(layers: Iterable[Limits]) -> tuple[str, ...]:
    """Return every tarball extension that any of these limits names, sorted."""
    return tuple(
        sorted({extension for limits in layers for extension in limits.extensions.split()})
    )
