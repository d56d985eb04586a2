"""Status badges: takes a hub, gives its tag and its state in one word as a small picture, for wikis and READMEs."""

from hashlib import blake2b

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from dashboard import queries
from dashboard.access import readable
from dashboard.plots.plot_pages import PICTURE_POLICY, is_public, let_others_show
from hubs.models import Hub
from probes.blindness import is_blind
from probes.draw.badge import badge_of
from probes.judge.conclusion import conclusions

KEPT_SECONDS = 60


@require_safe
@readable
def badge(request: HttpRequest, hub: str) -> HttpResponseBase:
    """Answer with the badge of a hub; it may be a minute old."""
    this = queries.hub_of(request.user, hub)
    svg = badge_of(this.tag, state_of(this)).encode()
    response = HttpResponse(svg, content_type="image/svg+xml")
    scope = "public" if is_public(this) else "private"
    response["Cache-Control"] = f"{scope}, max-age={KEPT_SECONDS}"
    response["Content-Security-Policy"] = PICTURE_POLICY
    response["ETag"] = f'"{blake2b(svg, digest_size=16).hexdigest()}"'
    let_others_show(response, is_for_all=scope == "public")
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def state_of(hub: Hub) -> str:
    """Return a hub's state in one word; nothing is well while nobody looks."""
    now = timezone.now()
    state = conclusions([hub], now)[hub.pk].state
    return "unknown" if state != "alarm" and is_blind(now) else state
