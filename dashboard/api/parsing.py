"""The bodies that are sent to the API: JSON of a bounded size and depth."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MOST_BYTES = 64 * 1024  # a reason has 500 characters


class BoundedJson(JSONParser):
    """JSON; what is too long or too deep is as wrong as what is none."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise ParseError(f"The body is longer than {MOST_BYTES} bytes.")
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
