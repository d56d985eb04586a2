"""Errors of the API as problem documents (RFC 9457): every answer under /api/ that is an error is one."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from rest_framework import exceptions

UNDER = "/api/"
MEDIA_TYPE = "application/problem+json"
KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


class Problem(NamedTuple):
    """A kind of error: programs tell kinds apart by the name, which is the end of its `type`."""

    status: int
    title: str
    about: str


PROBLEMS = {
    "invalid": Problem(
        400, "The request is wrong", "A parameter or a field is wrong or unknown: see `errors`."
    ),
    "malformed": Problem(400, "The body cannot be read", "It is not JSON."),
    "unauthenticated": Problem(
        401, "Log in", "There is no token, or it is wrong, expired or revoked."
    ),
    "forbidden": Problem(403, "Not permitted", "The user may not do this."),
    "missing-scope": Problem(
        403, "The token lacks a scope", "Its user may, but the token is not for this."
    ),
    "not-found": Problem(404, "Not there", "There is no such thing, or one may not see it."),
    "method-not-allowed": Problem(405, "Not this method", "`Allow` names those that can be used."),
    "not-acceptable": Problem(
        406, "Not in this form", "It cannot be given in a form that `Accept` names."
    ),
    "conflict": Problem(
        409, "Its state is in the way", "The request is right, but not for what it is about now."
    ),
    "unsupported-media-type": Problem(415, "Not in this form", "Send JSON, as application/json."),
    "too-many-requests": Problem(
        429, "Too many requests", "Wait as many seconds as `Retry-After` says."
    ),
    "server-error": Problem(500, "scmmon failed", "It is our fault; the log says more."),
}
BY_STATUS = {problem.status: name for name, problem in reversed(PROBLEMS.items())}
SENTENCES = {
    401: "Log in, or send a token: Authorization: Bearer scmmon_…",
    404: "There is nothing here.",
    500: "Something failed in scmmon. Its log says more.",
}


class InTheWay(exceptions.APIException):
    """The request is right, and the state of what it is about is in its way."""

    status_code = 409
    default_code = "conflict"


class MissingScope(exceptions.PermissionDenied):
    """The token is not for this."""

    default_code = "missing-scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This token lacks the scope “{scope}”.")


def type_of(name: str) -> str:
    """Return the `type` of a kind of error: where it is described."""
    return f"/api/docs/#{name}"


def problem_of(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Return the answer to an error of a view; None for one that nobody had foreseen."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(SENTENCES[404])
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    response = _response(
        context["request"],
        error.status_code,
        _kind(error),
        _detail(error),
        _errors(error.detail) if isinstance(error, exceptions.ValidationError) else {},
    )
    if auth := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = auth
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(int(wait))
    return response


def problems_only(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Give errors that come from outside of the views, such as of an unknown address, the form of the others."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        status = response.status_code
        if status < 400 or not request.path.startswith(UNDER):
            return response
        if response.headers.get("Content-Type") == MEDIA_TYPE:
            return response
        phrase = _phrase(status)
        kind = BY_STATUS.get(status, "invalid" if status < 500 else "server-error")
        problem = _response(request, status, kind, SENTENCES.get(status, f"{phrase}."))
        for name in KEPT_HEADERS:
            if name in response.headers:
                problem[name] = response.headers[name]
        problem.cookies = response.cookies
        return problem

    return respond


def _response(
    request: Any, status: int, kind: str, detail: str, errors: Mapping[str, Any] | None = None
) -> HttpResponse:
    problem = {
        "type": type_of(kind),
        "title": PROBLEMS[kind].title,
        "status": status,
        "detail": detail,
        "instance": request.path,
    }
    if errors:
        problem["errors"] = errors
    response = JsonResponse(problem, status=status, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "private, no-store"
    return response


def _kind(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ParseError):
        return "malformed"
    code = error.get_codes()
    if isinstance(code, str) and code in PROBLEMS:
        return code
    return BY_STATUS.get(error.status_code, "invalid")


def _detail(error: exceptions.APIException) -> str:
    """Return what happened in a sentence or a few."""
    if isinstance(error, exceptions.NotAuthenticated):
        return SENTENCES[401]
    if not isinstance(error, exceptions.ValidationError):
        return str(error.detail)
    said = _errors(error.detail)
    return " ".join(
        " ".join(sentences) if name == "detail" else f"{name}: {' '.join(sentences)}"
        for name, sentences in said.items()
    )


def _errors(detail: Any) -> dict[str, list[str]]:
    """Return what is wrong, by parameter or field; under `detail` what is wrong with the whole."""
    if not isinstance(detail, Mapping):
        detail = {"detail": detail}
    return {
        "detail" if name == "non_field_errors" else str(name): [
            str(sentence) for sentence in (said if isinstance(said, list) else [said])
        ]
        for name, said in detail.items()
    }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
