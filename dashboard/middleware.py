"""What every request passes: response headers that tell browsers what a page may do, a refusal of NUL, pages for refusals."""

from collections.abc import Callable
from urllib.parse import unquote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}

PLAIN_REFUSALS = {405: "405.html"}  # that Django leaves without a page

Respond = Callable[[HttpRequest], HttpResponseBase]


def security_headers(get_response: Respond) -> Respond:
    """Add the headers to every answer that has not chosen its own."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return respond


def no_null_characters(get_response: Respond) -> Respond:
    """Refuse addresses with a null character: no name has one, and PostgreSQL fails on it."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            raise Http404("a null character")
        return get_response(request)

    return respond


def pages_for_refusals(get_response: Respond) -> Respond:
    """Give people a page where Django answers a browser with nothing but a status."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        template = PLAIN_REFUSALS.get(response.status_code)
        wants_page = request.accepts("text/html") and not request.path.startswith("/api/")
        if template and wants_page and isinstance(response, HttpResponse) and not response.content:
            page = HttpResponse(render_to_string(template), status=response.status_code)
            if allowed := response.headers.get("Allow"):
                page.headers["Allow"] = allowed
            return page
        return response

    return respond
