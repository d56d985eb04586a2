"""The API's documentation as one plain page made from its OpenAPI schema; nothing is fetched, no script runs."""

import json
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from drf_spectacular.generators import SchemaGenerator

from dashboard.access import readable
from dashboard.api.examples import BODIES
from dashboard.api.problems import PROBLEMS, type_of
from dashboard.lists import screens
from dashboard.models import Scope

JSON = "application/json"
SUBJECTS = (
    "Hubs",
    "Nodes",
    "Replicas",
    "Repos",
    "Snapshots",
    "Runs",
    "Findings",
    "Messages",
    "Series",
)
IN_THE_SHELL = {"tag": "C2", "hub": "C2", "node": "Z9:229", "id": "7"}


@readable
def api_docs(request: HttpRequest) -> HttpResponse:
    """List every endpoint with its parameters, what comes back, and a line to try it."""
    schema = _schema()
    site = request.build_absolute_uri("/").rstrip("/")
    endpoints = sorted(
        _endpoints(schema, site), key=lambda endpoint: SUBJECTS.index(endpoint["subject"])
    )
    context = {
        "subjects": [
            (subject, list(those))
            for subject, those in groupby(endpoints, key=lambda endpoint: endpoint["subject"])
        ],
        "problems": [
            {"name": name, "type": type_of(name), **problem._asdict()}
            for name, problem in PROBLEMS.items()
        ],
        "scopes": [label.split(": ", 1) for label in Scope.labels],
        "site": site,
    }
    return screens.page(request, "api_docs.html", timezone.now(), context)


@cache
def _schema() -> Any:
    """Return the schema, which is the same as long as the process lives."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def _endpoints(schema: Any, site: str) -> Iterator[dict[str, Any]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield _endpoint(path, method.upper(), operation, schema, site)


def _endpoint(
    path: str, method: str, operation: dict[str, Any], schema: Any, site: str
) -> dict[str, Any]:
    parameters = [_parameter(parameter) for parameter in operation.get("parameters", [])]
    answer = next(iter(operation["responses"].items()))
    return {
        "id": operation["operationId"],
        "subject": operation["tags"][0],
        "line": f"{method} {path}",
        "about": coded(operation["description"]),
        "parameters": parameters,
        "body": _body(operation, schema),
        "status": answer[0],
        "fields": _fields(answer[1], schema),
        "example": _pretty(answer[1]["content"][JSON].get("example")),
        "errors": [status for status in operation["responses"] if status >= "400"],
        "curl": _curl(path, method, operation, site),
        # What can be opened as it stands: there is no place in it to fill in.
        "link": path if method == "GET" and "{" not in path else "",
        "csv": "text/csv" in answer[1]["content"],
    }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter["schema"]
    choices = ", ".join(map(str, schema.get("enum", [])))
    kind = schema.get("format") if schema.get("format") == "date-time" else schema.get("type", "")
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "type": kind,
        "about": coded(parameter["description"]),
        "choices": choices,
    }


def coded(text: str) -> SafeString:
    """Return a text as HTML, with what stands between backticks as code."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", [(format_html("<code>{}</code>", part) if n % 2 else part,) for n, part in parts]
    )


def _curl(path: str, method: str, operation: dict[str, Any], site: str) -> str:
    address = path.format(**IN_THE_SHELL)
    words = ["curl", '-H "Authorization: Bearer $TOKEN"']
    if method == "POST":
        words.append("-X POST")
    if "requestBody" in operation:
        body = json.dumps(BODIES[path.rstrip("/").rpartition("/")[2]])
        words += [f'-H "Content-Type: {JSON}"', f"-d '{body}'"]
    return " ".join([*words, f'"{site}{address}"'])


def _body(operation: dict[str, Any], schema: Any) -> list[dict[str, Any]]:
    """Return the fields that a request sends."""
    content = operation.get("requestBody", {}).get("content", {})
    asked = _resolved(content.get(JSON, {}).get("schema", {}), schema)
    needed = asked.get("required", [])
    return [
        {"name": name, "needed": name in needed, "about": field.get("description", "")}
        for name, field in asked.get("properties", {}).items()
    ]


def _fields(answer: dict[str, Any], schema: Any) -> list[dict[str, str]]:
    """Return the fields of one row of the answer."""
    whole = _resolved(answer["content"][JSON]["schema"], schema)
    results = whole.get("properties", {}).get("results")
    row = _resolved(results["items"], schema) if results else whole
    return [
        {"name": name, "about": _about(field, schema)}
        for name, field in row.get("properties", {}).items()
    ]


def _about(field: dict[str, Any], schema: Any) -> str:
    """Return what is said of a field: the words above a list of choices, not that list."""
    own = field.get("description", "")
    choices = [
        value
        for part in [field, *field.get("oneOf", []), *field.get("allOf", [])]
        for value in _resolved(part, schema).get("enum", [])
        if value
    ]
    said = own.partition("\n\n*")[0] if not own.startswith("* `") else ""
    return " ".join(filter(None, [said, f"One of {', '.join(choices)}." if choices else ""]))


def _resolved(part: dict[str, Any], schema: Any) -> dict[str, Any]:
    name = part.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = schema["components"]["schemas"][name] if name else part
    return resolved


def _pretty(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False) if example is not None else ""
