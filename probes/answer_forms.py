"""The forms with which people answer findings, on the pages and in the admin alike."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms

from probes.answers import MOST_CHARACTERS, one_paragraph

UNTIL_CLOSED, UNTIL_DATE = "closed", "date"
LASTING = {
    "1d": ("1 day", timedelta(days=1)),
    "3d": ("3 days", timedelta(days=3)),
    "1w": ("1 week", timedelta(weeks=1)),
    "4w": ("4 weeks", timedelta(weeks=4)),
}


class Reason(forms.CharField):
    """One paragraph; white space, new lines too, counts as one space."""

    widget = forms.Textarea(attrs={"rows": 2})

    def __init__(self) -> None:
        super().__init__(
            label="Why",
            max_length=MOST_CHARACTERS,
            error_messages={"required": "Say why: others will want to know."},
        )

    def to_python(self, value: str | None) -> str:
        """Return the paragraph that was typed."""
        return one_paragraph(super().to_python(value) or "")


class ReasonForm(forms.Form):
    """Why a new level is accepted."""

    reason = Reason()


class AcknowledgeForm(forms.Form):
    """Why a finding is to be silent, and for how long."""

    reason = Reason()
    until = forms.ChoiceField(
        label="For how long",
        choices=[
            (UNTIL_CLOSED, "until it closes"),
            *((name, words) for name, (words, _) in LASTING.items()),
            (UNTIL_DATE, "until a date"),
        ],
    )
    date = forms.DateField(
        label="Date",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean(self) -> None:
        """Refuse what could mean two lengths of time."""
        chosen, date = self.cleaned_data.get("until"), self.cleaned_data.get("date")
        if "date" in self.errors or not chosen:
            return
        if chosen == UNTIL_DATE and date is None:
            self.add_error("date", "Give the date.")
        if chosen != UNTIL_DATE and date is not None:
            self.add_error("until", "Choose “until a date”, or leave the date empty.")

    def moment(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when a finding is to speak up again: of a date, when it begins in a zone; None: not until it closes."""
        chosen = self.cleaned_data["until"]
        if chosen == UNTIL_DATE:
            return datetime.combine(self.cleaned_data["date"], time.min, zone)
        return None if chosen == UNTIL_CLOSED else now + LASTING[chosen][1]
