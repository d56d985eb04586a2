"""The page on which somebody makes, lists and revokes his own tokens. A secret is shown once, in the answer that made it."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.lists import screens
from dashboard.models import ApiToken
from dashboard.tokens.making import make_token, revoke
from dashboard.tokens.token_forms import TokenForm, scopes_for


@sensitive_variables("secret")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """Show somebody's tokens; a POST makes one and shows its secret."""
    user = cast(User, request.user)  # the middleware asks for the login
    now, offered = timezone.now(), scopes_for(user)
    secret, new, status = "", None, 200
    form = TokenForm(request.POST, offered=offered) if request.method == "POST" else None
    if form is not None and form.is_valid():
        given = form.cleaned_data
        new, secret = make_token(user, given["label"], given["scopes"], now, form.expires_at(now))
        form = None
    elif form is not None:
        status = 422
    context = {
        "form": form or TokenForm(offered=offered),
        "secret": secret,
        "new": new,
        "tokens": [(token, token.state_at(now)) for token in ApiToken.objects.filter(user=user)],
        "site": request.build_absolute_uri("/").rstrip("/"),
    }
    return screens.page(request, "tokens.html", now, context, status=status)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """End a token of one's own; another's is not there."""
    token = get_object_or_404(ApiToken, pk=pk, user=cast(User, request.user))
    revoke(token, timezone.now())
    messages.success(request, f"The token “{token.label}” is revoked.")
    return redirect("tokens")
