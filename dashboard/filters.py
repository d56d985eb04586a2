"""What the lists of the API can be narrowed by."""

from datetime import UTC, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import fields  # type: ignore[import-untyped]
from django_filters import rest_framework as filters

from hubs.models import Repo
from probes.answers import muted
from probes.models import CollectRun, Finding, RunStatus, Severity, SidecarState, TarballSnapshot

LARGEST_ID = 2**63 - 1


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one that UTC's calendar has no room for is refused."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValidationError("This moment lies outside of the calendar.") from None


class MomentField(fields.IsoDateTimeField):  # type: ignore[misc]
    def clean(self, value: str) -> datetime | None:
        moment: datetime | None = super().clean(value)
        return in_utc(moment) if moment else None


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField


class IdFilter(filters.NumberFilter):  # type: ignore[misc]
    """An id as a number: a choice of rows would tell that there is one he may not see."""

    field_class = forms.IntegerField

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name=field_name, min_value=0, max_value=LARGEST_ID)


class RepoFilter(filters.FilterSet):  # type: ignore[misc]
    hub = filters.CharFilter(field_name="hub__tag")
    category = filters.CharFilter()
    name = filters.CharFilter()

    class Meta:
        model = Repo
        fields = ["hub", "category", "name", "selected"]


class SnapshotFilter(filters.FilterSet):  # type: ignore[misc]
    hub = filters.CharFilter(field_name="replica__hub__tag")
    node = filters.CharFilter(field_name="replica__node__tag")
    category = filters.CharFilter(field_name="repo__category")
    name = filters.CharFilter(field_name="repo__name")
    stamp_after = MomentFilter(field_name="stamp_at", lookup_expr="gte")
    stamp_before = MomentFilter(field_name="stamp_at", lookup_expr="lt")
    gone = filters.BooleanFilter(field_name="gone_at", lookup_expr="isnull", exclude=True)
    replica = IdFilter("replica_id")
    repo = IdFilter("repo_id")
    sidecar_state = filters.ChoiceFilter(choices=SidecarState.choices)

    class Meta:
        model = TarballSnapshot
        fields: list[str] = []


class RunFilter(filters.FilterSet):  # type: ignore[misc]
    hub = filters.CharFilter(field_name="replica__hub__tag")
    node = filters.CharFilter(field_name="replica__node__tag")
    replica = IdFilter("replica_id")
    status = filters.ChoiceFilter(choices=RunStatus.choices)
    started_after = MomentFilter(field_name="started_at", lookup_expr="gte")
    started_before = MomentFilter(field_name="started_at", lookup_expr="lt")

    class Meta:
        model = CollectRun
        fields = ["batch"]


class FindingFilter(filters.FilterSet):  # type: ignore[misc]
    hub = filters.CharFilter(field_name="hub__tag")
    node = filters.CharFilter(field_name="replica__node__tag")
    replica = IdFilter("replica_id")
    repo = IdFilter("repo_id")
    code = filters.CharFilter()
    severity = filters.ChoiceFilter(choices=Severity.choices)
    open = filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")
    muted = filters.BooleanFilter(
        method="keep_muted", help_text="Open, and acknowledged or snoozed until later than now."
    )
    opened_after = MomentFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = MomentFilter(field_name="opened_at", lookup_expr="lt")

    class Meta:
        model = Finding
        fields: list[str] = []

    def keep_muted(self, findings: QuerySet[Finding], name: str, wanted: bool) -> QuerySet[Finding]:
        silent = muted(timezone.now())
        return findings.filter(silent if wanted else ~silent)
