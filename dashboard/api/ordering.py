"""In which order a list comes: `?ordering=` takes the names that a view offers; any other is refused."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

PARAMETER = "ordering"


def ordering_of(request: Request, view: Any) -> list[str]:
    """Return by which columns a list is ordered: as the address says, and then by id, so that no two rows are equal."""
    asked = request.query_params.get(PARAMETER) or view.ordering
    names = asked.split(",")
    columns: dict[str, str] = {}  # what is named again changes nothing
    for name in names:
        column = _column(name, view.ordering_fields)
        columns.setdefault(column.lstrip("-"), column)
    by = list(columns.values())
    return by if "pk" in columns else [*by, "-pk" if by[0].startswith("-") else "pk"]


def _column(name: str, offered: dict[str, str]) -> str:
    plain = name.removeprefix("-")
    if plain not in offered:
        raise ValidationError({PARAMETER: [f"Choose from {', '.join(offered)}."]})
    return name.replace(plain, offered[plain])


class Ordering(BaseFilterBackend):
    """Puts rows into the order that the address asks for."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        return queryset.order_by(*ordering_of(request, view))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameter as the schema has it."""
        names = "|".join(view.ordering_fields)
        about = (
            f"{', '.join(f'`{name}`' for name in view.ordering_fields)}; with `-` before it the other way round. "
            f"Several with commas between. Without it: `{view.ordering}`."
        )
        one = f"-?({names})"
        schema = {"type": "string", "enum": _directions(view.ordering_fields)}
        if len(view.ordering_fields) > 1:
            schema = {"type": "string", "pattern": f"^{one}(,{one})*$", "example": view.ordering}
        return [
            {
                "name": PARAMETER,
                "in": "query",
                "required": False,
                "description": about,
                "schema": schema,
            }
        ]


def _directions(names: dict[str, str]) -> list[str]:
    return [f"{sign}{name}" for name in names for sign in ("", "-")]
