"""How the API cuts long lists: by page where they are short, by cursor where history makes them long."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination, PageNumberPagination
from rest_framework.request import Request

from dashboard.filters import in_utc


class Pages(PageNumberPagination):
    """Numbered pages with the total."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class NewestFirst(CursorPagination):
    """A cursor from the newest row back: its cost does not grow with the number of pages before."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
    ordering = "-id"

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        self.model = queryset.model
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the address; the base class takes any text for a position."""
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        try:
            position = _position(self.model, self.ordering[0].lstrip("-"), str(cursor.position))
        except ValidationError:
            raise NotFound(self.invalid_cursor_message) from None
        return cursor._replace(position=position)  # type: ignore[arg-type]  # its stubs say int


def _position(model: type[Model], name: str, text: str) -> str:
    """Return where a cursor stands, for the database; what is no value of its field is refused."""
    field: Field[Any, Any] = model._meta.get_field(name)  # type: ignore[assignment]
    value = field.to_python(text)
    return str(in_utc(value) if isinstance(value, datetime) else value)
