"""The form in which another policy is written, and the past on which it is tried."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from hubs.admin import DurationText
from hubs.limits import LIMIT_NAMES, Limits, limits_from
from hubs.models import Hub, Policy, policy_layer
from hubs.moments import parse_moment
from probes.preview_trial import SHORTEST_STEP, Past

DAYS_AT_FIRST = 60
STEP_AT_FIRST = timedelta(hours=6)
FIRST_YEAR = 1970  # no stamp is older, and dates far before it are beyond what can be reckoned with

DURATIONS = {
    field.name: DurationText
    for field in Policy._meta.fields
    if isinstance(field, models.DurationField)
}


class PreviewForm(forms.ModelForm):  # type: ignore[type-arg]
    """All limits of a policy, at first those of the hub today, and which looks are replayed. Nothing is saved."""

    since = forms.CharField(
        max_length=40, help_text="YYYY-MM-DD on the clock of the hub, or a time in ISO 8601."
    )
    until = forms.CharField(max_length=40, required=False, help_text="Likewise. Empty: now.")
    every = DurationText(initial=STEP_AT_FIRST, help_text="From one look to the next.")

    class Meta:
        model = Policy
        fields = LIMIT_NAMES
        field_classes = DURATIONS

    def __init__(self, hub: Hub, now: datetime, data: Any = None) -> None:
        # A row of its own: what is typed must not become the policy of the hub, even in memory.
        instance = Policy(**(policy_layer(hub) or {}))
        begins_on = (now - timedelta(days=DAYS_AT_FIRST)).astimezone(hub.zone).date()
        super().__init__(data, instance=instance, initial={"since": begins_on.isoformat()})
        self.hub, self.now = hub, now

    def clean_since(self) -> datetime:
        """Return the first moment."""
        return self._moment("since")

    def clean_until(self) -> datetime:
        """Return the last moment."""
        return self._moment("until") if self.cleaned_data["until"] else self.now

    def clean_every(self) -> timedelta:
        """Refuse steps that are no looks any more."""
        every: timedelta = self.cleaned_data["every"]
        if every < SHORTEST_STEP:
            raise ValidationError("Write a minute or more.")
        return every

    def clean(self) -> dict[str, Any]:
        """Refuse a past that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "It ends before it begins.")
        return cleaned

    def _moment(self, name: str) -> datetime:
        try:
            moment = parse_moment(self.cleaned_data[name], self.hub.zone)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None
        if moment > self.now:
            raise ValidationError("That is not past yet.")
        if moment.astimezone(self.hub.zone).year < FIRST_YEAR:
            raise ValidationError(f"Nothing is older than {FIRST_YEAR}.")
        return moment

    @property
    def past(self) -> Past:
        """Which looks a form without errors asks for."""
        cleaned = self.cleaned_data
        texts = [str(self.data.get(name, "")).strip() for name in ("since", "until")]
        return Past(cleaned["since"], cleaned["until"], cleaned["every"], *texts)

    @property
    def limits(self) -> Limits:
        """What a form without errors expects of repos that say nothing themselves."""
        return limits_from(self.instance.layer())
