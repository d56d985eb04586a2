"""What a list is ordered by, as the URL says it: `?sort=stamp` or, the other way, `?sort=-stamp`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, OrderBy
from django.db.models.expressions import Expression
from django.http import HttpRequest

IN_TIME = ("oldest first", "newest first")
IN_SIZE = ("smallest first", "largest first")
IN_NUMBER = ("fewest first", "most first")
IN_STATE = ("worst first", "best first")

Row = TypeVar("Row")
Key = Callable[[Row], Any]


@dataclass(frozen=True)
class Column:
    """A column that a list can be sorted by: fields and expressions of its rows, in the order that rises."""

    words: str
    by: tuple[str | Expression, ...] = ()
    falls: bool = False  # at first the newest, the largest, the worst
    is_kept: bool = False  # by the database, so that a list of any length has this order at once
    ways: tuple[str, str] = ("A to Z", "Z to A")  # that rises, that falls


@dataclass(frozen=True)
class Sorting:
    """By which of its columns a list is sorted, and which way."""

    columns: Mapping[str, Column]
    key: str
    is_falling: bool

    @property
    def text(self) -> str:
        """As it stands in the URL."""
        return f"-{self.key}" if self.is_falling else self.key

    @property
    def column(self) -> Column:
        """The column it is sorted by."""
        return self.columns[self.key]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What a form offers: each column both ways, its first one first."""
        return [
            (f"-{key}" if falls else key, f"{column.words}, {column.ways[falls]}")
            for key, column in self.columns.items()
            for falls in (column.falls, not column.falls)
        ]

    def way(self, key: str) -> str:
        """Return the value of `aria-sort` of a column; nothing where it is sorted by another."""
        if key != self.key:
            return ""
        return "descending" if self.is_falling else "ascending"

    def next(self, key: str) -> str:
        """Return what the heading of a column leads to: it turns the order round, or begins one."""
        falls = not self.is_falling if key == self.key else self.columns[key].falls
        return f"-{key}" if falls else key

    def of_rows(self, last: str) -> list[OrderBy | str]:
        """Return what a query is ordered by; the field `last` decides between equals. No value comes last."""
        turn = "-" if self.is_falling else ""
        if self.column.is_kept:
            return [f"{turn}{name}" for name in (*self.column.by, last)]
        by = [F(one) if isinstance(one, str) else one for one in self.column.by]
        way = "desc" if self.is_falling else "asc"
        return [*(getattr(one, way)(nulls_last=True) for one in by), f"{turn}{last}"]


def sorting_of(request: HttpRequest, columns: Mapping[str, Column], usual: str) -> Sorting:
    """Return the order that the URL asks for; one that there is not, is the usual one."""
    for asked in (request.GET.get("sort", ""), usual):
        key = asked.removeprefix("-")
        if key in columns:
            return Sorting(columns, key, asked.startswith("-"))
    raise KeyError(usual)


def in_order(rows: Iterable[Row], sorting: Sorting, keys: Mapping[str, Key[Row]]) -> list[Row]:
    """Sort rows that are all here by the key of that column; None comes last, and equals keep their order."""
    key, rows = keys[sorting.key], list(rows)
    known = [row for row in rows if key(row) is not None]
    missing = [row for row in rows if key(row) is None]
    return sorted(known, key=key, reverse=sorting.is_falling) + missing
