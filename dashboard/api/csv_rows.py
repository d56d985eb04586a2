"""Tables of the API as CSV: all rows of a filter, written while they are read."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer

from probes.snapshot_csv import FORMULA_BEGINNINGS

MEDIA_TYPE = "text/csv"
ROWS_AT_ONCE = 500
PATHS = ("path",)  # columns in which `./` before a name changes nothing
RUN_BY_SPREADSHEETS = (*FORMULA_BEGINNINGS, "\n")


class CsvRenderer(BaseRenderer):
    """Names the form, so that `Accept` and `?format=` find it; the rows are streamed past it."""

    media_type = MEDIA_TYPE
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        raise NotImplementedError("rows of CSV are streamed")


def csv_response(
    name: str, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]
) -> StreamingHttpResponse:
    """Return a file of rows that are written while it is sent."""
    response = StreamingHttpResponse(
        _lines(list(columns), rows), content_type=f"{MEDIA_TYPE}; charset=utf-8; header=present"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class _Taken:
    """A file for the csv module whose lines come straight back."""

    def write(self, line: str) -> str:
        return line


def _lines(columns: list[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Taken(), lineterminator="\r\n")
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([written(name, row[name]) for name in columns])


def written(column: str, value: Any) -> str | int | float:
    """Return a value as CSV has it: empty for null, JSON for what has parts, and nothing that a spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    if value.startswith(RUN_BY_SPREADSHEETS):
        return f"./{value}" if column in PATHS else f"'{value}"
    return value
