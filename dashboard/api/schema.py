"""What the OpenAPI schema says beyond fields and filters: how to log in, errors, CSV, tags for caches, examples."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from dashboard.api.csv_rows import MEDIA_TYPE as CSV
from dashboard.api.examples import EXAMPLES, PROBLEM_EXAMPLE
from dashboard.api.problems import MEDIA_TYPE as PROBLEM
from dashboard.api.problems import PROBLEMS
from dashboard.api.serializers import ProblemSerializer

READING = (400, 401, 403, 404, 406, 429, 500)
DOING = (400, 401, 403, 404, 406, 409, 415, 429, 500)
TAG = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:-]*$", "maxLength": 40}
PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "tag": ("Its tag; it may hold a colon.", TAG | {"example": "C2"}),
    "hub": ("Tag of the hub.", TAG | {"example": "C2"}),
    "node": ("Tag of the node; it may hold a colon.", TAG | {"example": "Z9:229"}),
    "id": ("Its id.", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1, "example": 7}),
}
SUCCESS = {
    "200": "As asked for.",
    "202": "Queued; `runs` leads to what comes of it.",
}
HEADERS = {
    "ETag": {
        "description": "Send it back as `If-None-Match`: 304 while nothing has changed.",
        "schema": {"type": "string"},
    }
}


class ByTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names a token."""

    target_class = "dashboard.api.authentication.ByToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "scmmon_…",
            "description": "A token, made on the page `/tokens/`, in the admin or by `api_token`. Its scopes say "
            "what it is for: `read` (GET), `acknowledge` (answers to findings), `collect` (looks now).",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names the login of a browser."""

    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The login of a browser. POST needs its CSRF token in `X-CSRFToken` as well.",
        }


class Schema(AutoSchema):
    """The description of one operation."""

    view: Any

    def get_tags(self) -> list[str]:
        return [self.view.subject]

    def get_summary(self) -> str:
        """Return the first sentence of the description."""
        return str(self.get_description()).partition(". ")[0].split("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        action = getattr(self.view, "action", None)
        if action == "retrieve":
            return f"One of {self.view.subject.lower()}."
        if action == "list":
            return str(self.view.__doc__)
        return str(super().get_description())

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:  # left out of the schema
            return None
        for parameter in operation.get("parameters", []):
            _describe(parameter)
        responses = operation["responses"]
        is_reading = self.method == "GET"
        for status, response in responses.items():
            response["description"] = SUCCESS[status]
            self._complete(response, with_tag=is_reading)
        if is_reading:
            responses["304"] = {
                "description": "It is as `If-None-Match` says.",
                "headers": HEADERS,
            }
        for status in READING if is_reading else DOING:
            responses[str(status)] = self._error(status)
        return operation

    def _complete(self, response: dict[str, Any], *, with_tag: bool) -> None:
        if with_tag:
            response["headers"] = HEADERS
        content = response["content"]
        if CSV in content:
            content[CSV] = {
                "schema": {"type": "string", "description": "A header, and a line for each row."}
            }
        if example := self._example():
            content["application/json"]["example"] = example

    def _example(self) -> Any:
        serializer = self._unwrapped(self.get_response_serializers())
        row = EXAMPLES.get(type(serializer).__name__ if serializer else "")
        if row is None or getattr(self.view, "action", "") != "list":
            return row
        paged = {"count": 1} if "page" in self.view.pagination_class.parameters else {}
        return {**paged, "next": None, "previous": None, "results": [row]}

    def _unwrapped(self, serializers: Any) -> Any:
        if isinstance(serializers, dict):
            serializers = next(iter(serializers.values()))
        return serializers() if isinstance(serializers, type) else serializers

    def _error(self, status: int) -> dict[str, Any]:
        problem = self.resolve_serializer(ProblemSerializer(), "response").ref
        kinds = [problem.about for problem in PROBLEMS.values() if problem.status == status]
        media: dict[str, Any] = {"schema": problem}
        if status == 400:
            media["example"] = PROBLEM_EXAMPLE
        response: dict[str, Any] = {"description": " Or: ".join(kinds), "content": {PROBLEM: media}}
        if status == 429:
            response["headers"] = {
                "Retry-After": {
                    "description": "Seconds to wait.",
                    "schema": {"type": "integer", "minimum": 0},
                }
            }
        if status == 401:
            response["headers"] = {
                "WWW-Authenticate": {"description": "How to log in.", "schema": {"type": "string"}}
            }
        return response


def _describe(parameter: dict[str, Any]) -> None:
    """Complete what is said of a parameter."""
    name = parameter["name"]
    if parameter["in"] == "path":
        parameter["description"], parameter["schema"] = PLACES[name]
    elif name == "format":
        parameter["description"] = (
            "`csv`: all rows as one file, or, where the address speaks of pages, one of them. "
            "`Accept: text/csv` does the same."
        )
        parameter["schema"]["default"] = "json"
