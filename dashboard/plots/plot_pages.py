"""Pictures of plots: each view takes a request, gives SVG or PNG as stored, which whoever has it may keep for ever."""

import gzip

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls.converters import StringConverter
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard import queries
from dashboard.access import readable, visible_hubs
from dashboard.plots.links import address
from hubs.models import Hub
from probes.draw.series import RANGE_DAYS
from probes.models import StoredPicture
from probes.pictures import EXTENTS, FIRST_RANGE, Form, Size, Subject, Wanted, current, hub_of

PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
FOR_EVER = "max-age=31536000, immutable"
THEMES = (Form.LIGHT, Form.DARK)


class PictureKind(StringConverter):
    """The ending of a picture's address, for the URL conf."""

    regex = "svg|png"


@require_safe
@readable
def plot(request: HttpRequest, hub: str, node: str, kind: str) -> HttpResponseBase:
    """Answer with the plot of a replica."""
    replica = queries.replica_on(request.user, hub, node, request.GET.get("replica", ""))
    return _answer(request, replica, kind)


@require_safe
@readable
def plot_of_repo(
    request: HttpRequest, hub: str, category: str, name: str, kind: str
) -> HttpResponseBase:
    """Answer with the plot of a repo on all nodes."""
    return _answer(request, queries.repo_of(request.user, hub, category, name), kind)


@require_safe
@readable
def sparkline(request: HttpRequest, hub: str) -> HttpResponseBase:
    """Answer with a hub's sparkline."""
    this = queries.hub_of(request.user, hub)
    return _served(request, Wanted(this, FIRST_RANGE, Size.SPARK, Form.SVG), {})


def _answer(request: HttpRequest, subject: Subject, kind: str) -> HttpResponseBase:
    range_name = _one_of(request, "range", RANGE_DAYS)
    size = _one_of(request, "size", EXTENTS)
    form = Form.SVG if kind == "svg" else Form(_one_of(request, "theme", THEMES))
    asked = {name: request.GET.get(name, "") for name in ("range", "size", "theme")}
    return _served(request, Wanted(subject, range_name, size, form), asked)


def _one_of(request: HttpRequest, name: str, choices: object) -> str:
    """Return what is asked for, the first of the choices where nothing is."""
    known = [str(choice) for choice in choices]  # type: ignore[attr-defined]
    asked = request.GET.get(name, known[0])
    if asked not in known:
        raise Http404(f"no such {name}")
    return asked


def _served(request: HttpRequest, wanted: Wanted, asked: dict[str, str]) -> HttpResponseBase:
    """Answer with a picture: for ever where its digest was asked for, and lead from another digest to where it is now."""
    version = request.GET.get("v", "")
    picture = _of_digest(wanted, version) if version else None
    is_for_ever = picture is not None
    picture = picture or current(wanted, timezone.now())
    scope = "public" if is_public(hub_of(wanted.subject)) else "private"
    if version not in ("", picture.digest):
        kind = "svg" if wanted.form == Form.SVG else "png"
        there = HttpResponseRedirect(address(wanted.subject, kind, **asked, v=picture.digest))
        there["Cache-Control"] = f"{scope}, no-cache"
        return there
    response = _as_response(request, picture)
    response["Cache-Control"] = f"{scope}, {FOR_EVER if is_for_ever else 'no-cache'}"
    let_others_show(response, is_for_all=scope == "public")
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _of_digest(wanted: Wanted, digest: str) -> StoredPicture | None:
    return StoredPicture.objects.filter(**wanted.key, digest=digest).first()


def _as_response(request: HttpRequest, picture: StoredPicture) -> HttpResponse:
    content = bytes(picture.content)
    if picture.form != Form.SVG:
        response = HttpResponse(content, content_type="image/png")
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(content, content_type="image/svg+xml")
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(gzip.decompress(content), content_type="image/svg+xml")
    response["ETag"] = f'W/"{picture.digest}"'  # weak: compressed or not, it is the same picture
    response["Content-Security-Policy"] = PICTURE_POLICY
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def is_public(hub: Hub) -> bool:
    """Tell whether everybody may see a hub without login."""
    return settings.SCMMON_PUBLIC_PAGES and visible_hubs(AnonymousUser()).filter(pk=hub.pk).exists()


def let_others_show(response: HttpResponse, *, is_for_all: bool) -> None:
    """Let pages of other sites, such as wikis, show a picture that everybody may see."""
    if is_for_all:
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
