"""What pages have in common: filters and order of the URL, cutting into pages, and when it was last looked."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date

from dashboard import queries
from dashboard.lists.sorting import Sorting
from probes.judge.conclusion import ReplicaState

ROWS_A_PAGE = 100
NOT_FILTERS = ("sort", "page", "range")
MOST_ROWS = (
    10_000  # of a list that are counted, sorted and cut into pages; filters lead to the others
)


def page(
    request: HttpRequest,
    template: str,
    now: datetime,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render a page; where it is about no hub in particular, it says when any look was last complete."""
    if "looked_at" not in context:
        context["looked_at"] = queries.newest_complete_look(request.user)
    return render(request, template, {"now": now} | context, status=status)


class Pages(Paginator):  # type: ignore[type-arg]  # Django's own takes no parameter when it runs
    """The pages of a list of any length: what lies beyond MOST_ROWS is not counted, so it costs nothing."""

    @cached_property
    def count(self) -> int:
        """How many rows the pages show."""
        return min(self._found, MOST_ROWS)

    def page(self, number: int | str) -> Page[Any]:
        """Return one page: its rows are found by their keys alone, so that no wide row is sorted or joined in vain."""
        number = self.validate_number(number)
        rows, begin = self.object_list, (number - 1) * self.per_page
        end = min(begin + self.per_page, self.count)
        if not isinstance(rows, QuerySet):
            return Page(rows[begin:end], number, self)
        keys = list(rows.select_related(None).values_list("pk", flat=True)[begin:end])
        found = {row.pk: row for row in rows.order_by().filter(pk__in=keys)}
        return Page([found[key] for key in keys if key in found], number, self)

    @property
    def are_bounded(self) -> bool:
        """Whether there are more rows than the pages show."""
        return self._found > MOST_ROWS

    @cached_property
    def _found(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: MOST_ROWS + 1].count()
        return len(rows)


def cut(request: HttpRequest, rows: QuerySet[Any] | Sequence[Any]) -> Page[Any]:
    """Return the rows of the page that the URL asks for."""
    return Pages(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))


def sorted_page(
    request: HttpRequest, rows: QuerySet[Any], sorting: Sorting, last: str = "pk"
) -> Page[Any]:
    """Return a page of rows that are in their usual order, in the one that was asked for.

    The database keeps the usual order; of a longer list than MOST_ROWS, another one is that of the rows which
    come first in it.
    """
    if not sorting.column.is_kept:
        rows = rows.filter(pk__in=rows.values("pk")[:MOST_ROWS])
    return cut(request, rows.order_by(*sorting.of_rows(last)))


def filtered(request: HttpRequest, rows: QuerySet[Any], **fields: str) -> QuerySet[Any]:
    """Keep rows that have the values of the URL; an empty one does not filter."""
    asked = {
        lookup: value for name, lookup in fields.items() if (value := request.GET.get(name, ""))
    }
    return rows.filter(**asked)


def within_days(request: HttpRequest, rows: QuerySet[Any], field: str) -> QuerySet[Any]:
    """Keep rows from the day `since` to the day `until` of the URL, in UTC; what is no day does not filter."""
    since, until = (_day(request.GET.get(name, "")) for name in ("since", "until"))
    if since:
        rows = rows.filter(**{f"{field}__gte": since})
    if until:
        rows = rows.filter(**{f"{field}__lt": until + timedelta(days=1)})
    return rows


def _day(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    if day is None or not 1970 <= day.year <= 9000:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def how_many(shown: Page[Any], noun: str, nouns: str = "") -> str:
    """Return how many rows a list has, in words; of more than are counted, that there are more."""
    pages = shown.paginator
    count = f"{pages.count:,}"
    if isinstance(pages, Pages) and pages.are_bounded:
        return f"More than {count} {nouns or noun + 's'}"
    return f"{count} {noun if pages.count == 1 else nouns or noun + 's'}"


def is_narrowed(request: HttpRequest) -> bool:
    """Tell whether a list shows fewer rows than it might: order and page apart, the URL asks for something."""
    return any(value for name, value in request.GET.items() if name not in NOT_FILTERS)


def looked(states: Iterable[ReplicaState]) -> dict[str, datetime | None]:
    """Return when one of these replicas was last looked at completely, and when every one had been."""
    moments = [state.complete_run.started_at if state.complete_run else None for state in states]
    complete = [at for at in moments if at]
    every = len(complete) == len(moments)
    return {
        "looked_at": max(complete, default=None),
        "all_looked_at": min(complete, default=None) if every else None,
    }
