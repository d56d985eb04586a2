"""The API's documentation as one plain page made from its OpenAPI schema; nothing is fetched, no script runs."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from dashboard.access import readable


@readable
def api_docs(request: HttpRequest) -> HttpResponse:
    """List every endpoint with its parameters and the fields that come back."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    endpoints = [
        _endpoint(path, method, operation, schema)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post")
    ]
    return render(request, "api_docs.html", {"endpoints": endpoints})


def _endpoint(path: str, method: str, operation: dict[str, Any], schema: Any) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "line": f"{method.upper()} {path}",
        "about": operation.get("description", ""),
        "parameters": [_parameter(parameter) for parameter in operation.get("parameters", [])],
        "body": _body(operation, schema),
        "fields": _fields(operation, schema),
    }


def _body(operation: dict[str, Any], schema: Any) -> list[str]:
    """Return the names of the fields that a request sends; those that may be left out with a question mark."""
    content = operation.get("requestBody", {}).get("content", {})
    asked = _resolved(content.get("application/json", {}).get("schema", {}), schema)
    needed = asked.get("required", [])
    return [name if name in needed else f"{name}?" for name in asked.get("properties", {})]


def _parameter(parameter: dict[str, Any]) -> dict[str, str]:
    choices = ", ".join(map(str, parameter["schema"].get("enum", [])))
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "type": parameter["schema"].get("type", ""),
        "about": f"one of {choices}" if choices else parameter.get("description", ""),
    }


def _fields(operation: dict[str, Any], schema: Any) -> list[str]:
    """Return the names of the fields of one row of the answer."""
    content = operation["responses"].get("200", {}).get("content", {})
    answer = _resolved(content.get("application/json", {}).get("schema", {}), schema)
    results = answer.get("properties", {}).get("results")
    row = _resolved(results["items"], schema) if results else answer
    return list(row.get("properties", {}))


def _resolved(part: dict[str, Any], schema: Any) -> dict[str, Any]:
    name = part.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = schema["components"]["schemas"][name] if name else part
    return resolved
