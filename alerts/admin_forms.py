"""The form of a channel: what is secret goes in, and never comes out again."""

from collections.abc import Callable
from typing import Any

from django import forms

from alerts.models import Channel
from alerts.places import host_of
from alerts.services import problem_of
from alerts.webhook import signing_key
from hubs.admin import Addresses

SECRETS = {"url": "URL", "secret": "signing secret", "previous_secret": "previous secret"}


class WriteOnly(forms.CharField):
    """A text that is typed, stored, and never shown again."""

    # The browser is not to offer a password of its own; what was typed does not come back with an error either.
    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A channel; an empty secret means the one that is stored, which a box of its own removes."""

    addresses = Addresses(
        required=False,
        help_text="For mail, with commas, spaces or new lines between. None: the contacts of the hub that a message is "
        "about; of what is about no hub, the operators, or else the contacts of all hubs.",
    )
    url = WriteOnly(
        required=False,
        label="URL",
        help_text="For the other kinds: where the webhook is posted, or an Apprise URL.",
    )
    secret = WriteOnly(
        required=False,
        label="Signing secret",
        max_length=200,
        help_text="A webhook is signed with it; whsec_ and base64, or any other text. The list has an action that makes one.",
    )
    previous_secret = WriteOnly(
        required=False,
        label="Previous secret",
        max_length=200,
        help_text="While receivers change over, webhooks are signed with this one as well.",
    )
    remove_url = forms.BooleanField(required=False, label="Remove the stored URL")
    remove_secret = forms.BooleanField(required=False, label="Remove the stored signing secret")
    remove_previous_secret = forms.BooleanField(
        required=False, label="Remove the stored previous secret"
    )

    class Meta:
        model = Channel
        fields = [
            "name",
            "kind",
            "enabled",
            "addresses",
            *SECRETS,
            "weekly_on",
            "time_zone",
        ]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stored = {name: str(getattr(self.instance, name)) for name in SECRETS}
        for name, words in SECRETS.items():
            self.initial.pop(name, None)
            if not self.stored[name]:
                del self.fields[f"remove_{name}"]
                continue
            note = f"A {words} is stored and not shown. Leave this empty to keep it."
            self.fields[name].help_text = f"{note} {self.fields[name].help_text}"

    def clean(self) -> dict[str, Any]:
        """Take the stored secrets where none are typed; refuse a URL that leads nowhere, and what cannot sign."""
        cleaned = super().clean() or {}
        for name in SECRETS:
            typed, is_removed = cleaned.get(name, ""), cleaned.get(f"remove_{name}", False)
            if typed and is_removed:
                self.add_error(name, "Either type a new one, or remove the stored one.")
            elif name in cleaned:
                cleaned[name] = typed or ("" if is_removed else self.stored[name])
        self._check("url", _problem_of_url, cleaned)
        for name in ("secret", "previous_secret"):
            self._check(name, _problem_of_secret, cleaned)
        return cleaned

    def _check(self, name: str, problem_with: Callable[[str, str], str], cleaned: Any) -> None:
        """Add what is wrong with a secret that is new, or that a changed kind makes something else."""
        value, kind = cleaned.get(name, ""), cleaned.get("kind", "")
        if value and {name, "kind"}.intersection(self.changed_data):
            problem = problem_with(value, kind)
            if problem:
                self.add_error(name, problem)


def _problem_of_url(url: str, kind: str) -> str:
    """Return what is wrong with a URL, without repeating it."""
    if not url.isprintable() or " " in url:
        return "It holds a space or something that cannot be seen."
    if kind == Channel.Kind.WEBHOOK and not host_of(url):
        return "Write http:// or https://, a host, and where it is posted there."
    return problem_of(url) if kind == Channel.Kind.APPRISE else ""


def _problem_of_secret(secret: str, kind: str) -> str:
    try:
        signing_key(secret)
    except ValueError as problem:
        return f"It cannot sign: {problem}."
    return ""
