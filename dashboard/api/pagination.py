"""How the API cuts long lists: by page where they are short, by cursor where history makes them long."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError as Invalid
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Field, Model, Q, QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from dashboard.api.filters import in_utc
from dashboard.api.ordering import ordering_of

ROWS, MOST_ROWS = 100, 1000
LAST_PAGE = 2**31 - 1


def number_in(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number of the address from 1 on; anything else is refused."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and 1 <= int(text) <= most):
        raise ValidationError({name: [f"Write a whole number from 1 to {most}."]})
    return int(text)


def _parameter(name: str, about: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": about,
        "schema": schema,
    }


PAGE_SIZE = _parameter(
    "page_size", "How many rows at once.", type="integer", minimum=1, maximum=MOST_ROWS, default=ROWS
)  # fmt: skip
LINK = {"type": "string", "format": "uri", "nullable": True}


class Pages(PageNumberPagination):
    """Numbered pages with the total."""

    parameters = ("page", "page_size")

    def get_page_size(self, request: Request) -> int:
        return number_in(request, "page_size", ROWS, MOST_ROWS)

    def get_page_number(self, request: Request, paginator: Any) -> int:
        return number_in(request, "page", 1, LAST_PAGE)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        page = _parameter(
            "page", "Which page.", type="integer", minimum=1, maximum=LAST_PAGE, default=1
        )
        return [page, PAGE_SIZE]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "minimum": 0, "description": "Rows on all pages."},
                "next": LINK,
                "previous": LINK,
                "results": schema,
            },
        }


class Cursor(NamedTuple):
    """A place in a list: just behind (or, backwards, just before) the row that has these values."""

    order: list[str]
    values: list[Any]
    backwards: bool


class ByCursor(BasePagination):
    """A cursor from one row to the next ones: its cost does not grow with what lies before.

    It holds the values by which the list is ordered, so rows that come in between move nothing.
    """

    parameters = ("cursor", "page_size")

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.request = request
        self.order = ordering_of(request, view)
        size = number_in(request, "page_size", ROWS, MOST_ROWS)
        cursor = self._cursor(queryset.model)
        backwards = cursor is not None and cursor.backwards
        order = [_other_way(column) for column in self.order] if backwards else self.order
        if cursor:
            queryset = queryset.filter(_behind(order, cursor.values))
        rows = list(queryset.order_by(*order)[: size + 1])
        is_more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        self.has_next, self.has_previous = (
            (True, is_more) if backwards else (is_more, cursor is not None)
        )
        self.rows = rows
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "next": self._link(-1, backwards=False) if self.has_next else None,
                "previous": self._link(0, backwards=True) if self.has_previous else None,
                "results": data,
            }
        )

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        about = "Where to go on: taken from `next` or `previous`, never made up."
        return [_parameter("cursor", about, type="string", minLength=1), PAGE_SIZE]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": LINK, "previous": LINK, "results": schema},
        }

    def _cursor(self, model: type[Model]) -> Cursor | None:
        text = self.request.query_params.get("cursor", "")
        if not text:
            return None
        try:
            order, values, backwards = json.loads(urlsafe_b64decode(text))
            cursor = Cursor(order, list(values), backwards is True)
        except (Error, ValueError, TypeError, RecursionError):
            raise _no_cursor() from None
        if cursor.order != self.order or len(cursor.values) != len(self.order):
            raise _no_cursor()
        columns = zip(self.order, cursor.values, strict=True)
        return cursor._replace(
            values=[_read(model, column.lstrip("-"), value) for column, value in columns]
        )

    def _link(self, place: int, *, backwards: bool) -> str | None:
        if not self.rows:
            return None
        values = [getattr(self.rows[place], column.lstrip("-")) for column in self.order]
        text = json.dumps([self.order, values, backwards], cls=ExactMoments, separators=(",", ":"))
        cursor = urlsafe_b64encode(text.encode()).decode()
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", cursor))


class ExactMoments(DjangoJSONEncoder):
    """Django's own cuts moments to milliseconds: a cursor would then stand beside its row."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _no_cursor() -> NotFound:
    return NotFound("This cursor leads nowhere in this list in this order.")


def _read(model: type[Model], column: str, value: Any) -> Any:
    """Return a value of a cursor for the database; what is no value of its column is refused."""
    field: Field[Any, Any] = (
        model._meta.pk if column == "pk" else model._meta.get_field(column)  # type: ignore[assignment]
    )
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise _no_cursor()
    if isinstance(value, str) and not value.isprintable():  # NUL and halves of characters
        raise _no_cursor()
    try:
        read = field.to_python(str(value))
        if isinstance(read, int) and not 0 <= read < 2**63:
            raise _no_cursor()
        return in_utc(read) if isinstance(read, datetime) else read
    except Invalid:
        raise _no_cursor() from None


def _other_way(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _behind(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows that come after one with these values."""
    condition = Q()
    for column, value in reversed(list(zip(order, values, strict=True))):
        name = column.lstrip("-")
        further = Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        condition = further | (Q(**{name: value}) & condition) if condition else further
    # Said once more of the first column alone, or the database would not enter its index there.
    first = order[0]
    bound = Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": values[0]})
    return bound & condition
