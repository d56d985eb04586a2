"""What all views of the API have in common: no parameter that they do not know, tags for caches, tables as CSV."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page
from django_filters.rest_framework import FilterSet  # type: ignore[import-untyped]
from rest_framework.exceptions import MethodNotAllowed, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from dashboard.api.csv_rows import ROWS_AT_ONCE, CsvRenderer, csv_response
from dashboard.api.ordering import PARAMETER as ORDERING
from dashboard.api.pagination import ByCursor, Pages

FORMAT = "format"
CACHED = "private, no-cache"  # kept by the browser, and asked for again with its tag
Row = TypeVar("Row", bound=Model)


class Negotiation(DefaultContentNegotiation):
    """In which form an answer is given; a `format` that there is not is a wrong parameter, and no wrong address."""

    def filter_renderers(
        self,
        renderers: Iterable[BaseRenderer],
        format: str,  # noqa: A002 - the base class calls it so
    ) -> list[BaseRenderer]:
        renderers = list(renderers)
        fitting = [renderer for renderer in renderers if renderer.format == format]
        if not fitting:
            offered = ", ".join(str(renderer.format) for renderer in renderers)
            raise ValidationError({FORMAT: [f"Choose from {offered}."]})
        return fitting


@method_decorator([gzip_page, conditional_page], name="dispatch")
class Endpoint(APIView):
    """A view that refuses what it does not know: a misspelt filter would silently answer something else."""

    content_negotiation_class = Negotiation
    subject = ""  # under which heading the documentation has it

    def known_parameters(self) -> set[str]:
        """Return the parameters that the address may have."""
        return {FORMAT} if self.request.method in SAFE_METHODS else set()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse parameters that are unknown, empty or there twice, once it is clear that he may ask."""
        if not hasattr(self, str(request.method).lower()):
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        known = self.known_parameters()
        if wrong := {
            name: [sentence]
            for name, values in request.query_params.lists()
            if (sentence := _wrong(name, values, known))
        }:
            raise ValidationError(wrong)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say how long the answer may be kept, and upon what it depends."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if request.method in SAFE_METHODS and response.status_code < 400 and not response.streaming:
            response.headers.setdefault("Cache-Control", CACHED)
        patch_vary_headers(response, ["Accept", "Authorization", "Cookie"])
        return response


def _wrong(name: str, values: Sequence[Any], known: set[str]) -> str:
    if name not in known:
        offered = f"; there are {', '.join(sorted(known))}" if known else ""
        return f"There is no such parameter{offered}."
    if len(values) > 1:
        return "It is there more than once."
    return "" if values[0] else "It is empty: give a value, or leave it out."


class Table(Endpoint, ReadOnlyModelViewSet[Row]):
    """Rows that can be listed and read one by one; the list as CSV too, whole."""

    filterset_class: type[FilterSet]
    pagination_class: type[Pages | ByCursor] = Pages
    ordering_fields: dict[str, str] = {}  # the name in the address, and the column
    ordering = ""  # what it is without being asked

    def get_renderers(self) -> list[BaseRenderer]:
        renderers = super().get_renderers()
        return [*renderers, CsvRenderer()] if self.action == "list" else renderers

    def known_parameters(self) -> set[str]:
        known = super().known_parameters()
        if self.action != "list":
            return known
        return known | {
            ORDERING,
            *self.filterset_class.base_filters,
            *self.pagination_class.parameters,
        }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Give a page of rows; as CSV all of them, where the address speaks of no page."""
        rows = self.filter_queryset(self.get_queryset())
        is_csv = isinstance(request.accepted_renderer, CsvRenderer)
        if is_csv and not set(self.pagination_class.parameters).intersection(request.query_params):
            return self._csv(self._all(rows))
        page = self.get_paginated_response(self.represent(self.paginate_queryset(rows) or []))
        if not is_csv:
            return page
        response = self._csv(page.data["results"])
        links = [
            f'<{page.data[way]}>; rel="{way}"' for way in ("next", "previous") if page.data[way]
        ]
        if links:
            response["Link"] = ", ".join(links)
        return response

    def _csv(self, rows: Iterable[Any]) -> StreamingHttpResponse:
        columns = self.get_serializer().fields  # type: ignore[attr-defined]
        return csv_response(f"scmmon-{self.basename[4:]}s.csv", columns, rows)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give one row."""
        return Response(self.represent([self.get_object()])[0])

    def represent(self, rows: Sequence[Row]) -> Sequence[Any]:
        """Return rows as the API shows them."""
        serializer: BaseSerializer[Any] = self.get_serializer(rows, many=True)
        return list(serializer.data)

    def _all(self, rows: QuerySet[Row]) -> Iterator[Any]:
        for some in _some_at_once(rows.iterator(chunk_size=ROWS_AT_ONCE)):
            yield from self.represent(some)


def _some_at_once(rows: Iterable[Row]) -> Iterator[list[Row]]:
    walk = iter(rows)
    while some := list(islice(walk, ROWS_AT_ONCE)):
        yield some
