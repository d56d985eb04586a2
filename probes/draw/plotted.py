"""What a picture needs to know of a plot, from wherever its numbers were read. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from probes.thin import Point


class PlottedSizes(Protocol):
    """The sizes of one repo's tarballs, in bytes, by their stamps in epoch seconds, the oldest first."""

    @property
    def repo(self) -> str: ...
    @property
    def points(self) -> Sequence[Point]: ...


class Plotted(Protocol):
    """A plot as `probes.draw.series` makes it; the days are those of the zone, None when it is empty."""

    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def begin(self) -> date | None: ...
    @property
    def end(self) -> date | None: ...
    @property
    def sizes(self) -> Sequence[PlottedSizes]: ...
    @property
    def day_counts(self) -> Sequence[Point]: ...
    @property
    def expected_per_day(self) -> int | None: ...
