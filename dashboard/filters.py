"""What the lists of the API can be narrowed by."""

from django_filters import rest_framework as filters  # type: ignore[import-untyped]

from hubs.models import Repo
from probes.models import CollectRun, Finding, RunStatus, Severity, SidecarState, TarballSnapshot


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
    stamp_after = filters.IsoDateTimeFilter(field_name="stamp_at", lookup_expr="gte")
    stamp_before = filters.IsoDateTimeFilter(field_name="stamp_at", lookup_expr="lt")
    gone = filters.BooleanFilter(field_name="gone_at", lookup_expr="isnull", exclude=True)
    sidecar_state = filters.ChoiceFilter(choices=SidecarState.choices)

    class Meta:
        model = TarballSnapshot
        fields = ["replica", "repo"]


class RunFilter(filters.FilterSet):  # type: ignore[misc]
    hub = filters.CharFilter(field_name="replica__hub__tag")
    node = filters.CharFilter(field_name="replica__node__tag")
    status = filters.ChoiceFilter(choices=RunStatus.choices)
    started_after = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="gte")
    started_before = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="lt")

    class Meta:
        model = CollectRun
        fields = ["replica", "batch"]


class FindingFilter(filters.FilterSet):  # type: ignore[misc]
    hub = filters.CharFilter(field_name="hub__tag")
    node = filters.CharFilter(field_name="replica__node__tag")
    code = filters.CharFilter()
    severity = filters.ChoiceFilter(choices=Severity.choices)
    open = filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")
    opened_after = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lt")

    class Meta:
        model = Finding
        fields = ["replica", "repo"]
