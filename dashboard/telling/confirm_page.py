"""The page behind the link in a message by which its reader says that it arrived: open to whoever has the link."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from alerts import confirming


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show which message a link belongs to; a POST confirms it, as programs that look into mail follow links too."""
    delivery = confirming.confirmed(token)
    if delivery is None:
        raise Http404("no link of ours")
    now = timezone.now()
    if request.method == "POST":
        confirming.confirm(delivery, now)
    context = {
        "notification": delivery.notification,
        "confirmed": request.method == "POST",
        "now": now,
    }
    response = render(request, "confirm.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
