"""Tokens of the API in the admin: staff make their own, superusers anybody's. A secret is shown once, when it is made."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from dashboard.models import ApiToken, Scope
from dashboard.tokens.making import make_token, revoke


class NewToken(forms.ModelForm):  # type: ignore[type-arg]
    """What a new token is for."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=forms.CheckboxSelectMultiple, initial=[Scope.READ.value]
    )

    class Meta:
        model = ApiToken
        fields = ["user", "label", "scopes", "expires_at"]


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Tokens: made, listed, revoked; never changed, and never shown again."""

    form = NewToken
    list_display = [
        "label",
        "user",
        "begins",
        "scopes",
        "state",
        "created_at",
        "last_used_at",
        "expires_at",
    ]
    list_select_related = ["user"]
    search_fields = ["label", "prefix", "user__username"]
    actions = ["revoke_chosen"]
    fields = ["user", "label", "scopes", "expires_at"]

    @admin.display(description="begins with", ordering="prefix")
    def begins(self, token: ApiToken) -> str:
        return f"scmmon_{token.prefix}…"

    @admin.display
    def state(self, token: ApiToken) -> str:
        return token.state_at(timezone.now())

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return all to superusers, and their own to others."""
        tokens: QuerySet[ApiToken] = super().get_queryset(request)
        return tokens if _is_superuser(request) else tokens.filter(user=_user(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return a field that offers nobody but oneself, save to superusers."""
        if db_field.name == "user":
            users = User.objects.filter(is_active=True).order_by("username")
            kwargs["queryset"] = (
                users if _is_superuser(request) else users.filter(pk=_user(request).pk)
            )
            kwargs["initial"] = request.user.pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @sensitive_variables("secret")
    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token, and keep its secret for the page that is answered with."""
        given = form.cleaned_data
        token, secret = make_token(
            given["user"], given["label"], given["scopes"], timezone.now(), given["expires_at"]
        )
        obj.__dict__.update(token.__dict__)
        obj.shown_once = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this very answer: a message would lie in a cookie or in the database until it is read."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Copy the token now",
            "opts": self.opts,
            "token": obj,
            "secret": obj.shown_once,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/dashboard/token_made.html", context)

    @admin.action(description="Revoke", permissions=["add"])
    def revoke_chosen(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        now = timezone.now()
        for token in tokens:
            revoke(token, now)
        messages.success(request, f"{len(tokens)} revoked.")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)  # the admin lets nobody else in


def _is_superuser(request: HttpRequest) -> bool:
    return _user(request).is_superuser
