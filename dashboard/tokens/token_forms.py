"""The form that makes a token: for the page of a user, and for the admin."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms

from dashboard.access import Reader, may_answer, may_collect
from dashboard.models import ApiToken, Scope

LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "until it is revoked")]


def scopes_for(user: Reader) -> list[str]:
    """Return the scopes that are of use to somebody: those of what he may."""
    may = {Scope.ACKNOWLEDGE: may_answer(user), Scope.COLLECT: may_collect(user)}
    return [scope.value for scope in Scope if may.get(scope, True)]


class TokenForm(forms.Form):
    """What a new token is for, and how long it lives."""

    label = forms.CharField(
        max_length=80,
        validators=ApiToken._meta.get_field("label").validators,
        help_text="What uses it, and where: so that you know later which one to revoke.",
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=forms.CheckboxSelectMultiple, initial=[Scope.READ.value]
    )
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False, initial="90")

    def __init__(self, *args: Any, offered: Iterable[str], **options: Any) -> None:
        super().__init__(*args, **options)
        labels = dict(Scope.choices)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(scope, labels[Scope(scope)]) for scope in offered]

    def expires_at(self, now: datetime) -> datetime | None:
        """Return when the token ends by itself."""
        days = self.cleaned_data["lifetime"]
        return now + timedelta(days=int(days)) if days else None
