"""What the lists of the API can be narrowed by: each filter describes itself for the schema, and refuses what it cannot read."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django_filters import fields  # type: ignore[import-untyped]
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from alerts.message import Kind
from alerts.models import SEVERITIES, Delivery, DeliveryStatus, Notification
from dashboard.access import hidden_hubs
from hubs.models import Hub, Node, Replica, Repo
from probes.answers import muted
from probes.models import (
    CollectRun,
    Finding,
    ProofVerdict,
    RunStatus,
    Severity,
    SidecarState,
    TarballSnapshot,
    Telling,
)

LARGEST = 2**63 - 1
LONGEST = 2001  # characters of a category, a slash and a name
FLAGS = {"true": True, "false": False}


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one that UTC's calendar has no room for is refused."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValidationError("This moment lies outside of the calendar.") from None


def is_whole(text: str) -> bool:
    """Tell whether a text is a whole number that a database holds."""
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST


# --- Fields: how a text of the address is read ---------------------------------------------------


class MomentField(fields.IsoDateTimeField):  # type: ignore[misc]
    def clean(self, value: str) -> datetime | None:
        moment: datetime | None = super().clean(value)
        return in_utc(moment) if moment else None


class FlagField(forms.CharField):
    """True or false; the library takes any other word for no filter at all."""

    def clean(self, value: Any) -> bool | None:
        text = super().clean(value)
        if text and text not in FLAGS:
            raise ValidationError("Write true or false.")
        return FLAGS.get(text)


class NumberField(forms.CharField):
    """A whole number that a database holds; the library takes 1.0 for one."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        if not is_whole(text):
            raise ValidationError(f"Write a whole number from 0 to {LARGEST}.")
        return int(text)


class PathField(forms.CharField):
    """`category/name`."""

    def clean(self, value: Any) -> tuple[str, str] | None:
        category, slash, name = super().clean(value).partition("/")
        if not slash and category:
            raise ValidationError("Write category/name.")
        return (category, name) if slash else None


# --- Filters: what the schema says of them -------------------------------------------------------


class Described:
    """A filter with what the schema says of it."""

    def describe(self, about: str, **schema: Any) -> None:
        extend_schema_field({"description": about, **schema})(self)  # type: ignore[type-var]  # it takes objects too


class TextFilter(Described, filters.CharFilter):  # type: ignore[misc]
    def __init__(self, field_name: str, about: str, example: str = "", **options: Any) -> None:
        super().__init__(field_name=field_name, strip=False, max_length=LONGEST, **options)
        shown = {"example": example} if example else {}
        self.describe(about, type="string", minLength=1, maxLength=LONGEST, **shown)


class ChoiceFilter(Described, filters.ChoiceFilter):  # type: ignore[misc]
    def __init__(
        self, field_name: str, about: str, choices: Iterable[tuple[str, Any]], **options: Any
    ) -> None:
        offered = list(choices)
        super().__init__(field_name=field_name, choices=offered, empty_label=None, **options)
        self.describe(about, type="string", enum=[value for value, _ in offered])


class FlagFilter(Described, filters.Filter):  # type: ignore[misc]
    field_class = FlagField

    def __init__(self, field_name: str, about: str, **options: Any) -> None:
        super().__init__(field_name=field_name, strip=False, **options)
        self.describe(about, type="boolean")


class MomentFilter(Described, filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField

    def __init__(self, field_name: str, lookup: str, about: str) -> None:
        super().__init__(field_name=field_name, lookup_expr=lookup)
        example = "2024-05-15T00:00:00Z"
        self.describe(about, type="string", format="date-time", example=example)


class NumberFilter(Described, filters.Filter):  # type: ignore[misc]
    """A whole number. Ids too: a choice of rows would tell that there is one he may not see."""

    field_class = NumberField

    def __init__(self, field_name: str, about: str, **options: Any) -> None:
        super().__init__(field_name=field_name, strip=False, **options)
        self.describe(about, type="integer", format="int64", minimum=0, maximum=LARGEST)


class PathFilter(Described, filters.Filter):  # type: ignore[misc]
    """A repo by `category/name`; `field_name` is the way to it."""

    field_class = PathField

    def __init__(self, field_name: str, about: str) -> None:
        super().__init__(field_name=field_name, strip=False, max_length=LONGEST)
        pattern = "^[^/]*/.*$"
        self.describe(about, type="string", pattern=pattern, maxLength=LONGEST, example="tracs/env")

    def filter(self, rows: QuerySet[Any], value: tuple[str, str] | None) -> QuerySet[Any]:
        if value is None:
            return rows
        category, name = value
        to = self.field_name
        return rows.filter(**{f"{to}__category": category, f"{to}__name": name})


def after(field_name: str, what: str) -> MomentFilter:
    return MomentFilter(field_name, "gte", f"{what} at this moment or later.")


def before(field_name: str, what: str) -> MomentFilter:
    return MomentFilter(field_name, "lt", f"{what} before this moment.")


def of_hub(field_name: str) -> TextFilter:
    return TextFilter(field_name, "Tag of the hub.", "C2")


def on_node(field_name: str) -> TextFilter:
    return TextFilter(field_name, "Tag of the node.", "Z9:229")


# --- Lists ---------------------------------------------------------------------------------------


class HubFilter(filters.FilterSet):  # type: ignore[misc]
    name = TextFilter("name", "The server's own name.", "cms02")
    time_zone = TextFilter("time_zone", "IANA name of the zone of its stamps.", "Asia/Taipei")

    class Meta:
        model = Hub
        fields: list[str] = []


class NodeFilter(filters.FilterSet):  # type: ignore[misc]
    hub = TextFilter("replicas__hub__tag", "Holds tarballs of the hub of this tag.", "C2")
    site = TextFilter("site", "The institution where it stands.")
    transport = ChoiceFilter("transport", "How it is reached.", Node.Transport.choices)

    class Meta:
        model = Node
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Node]) -> QuerySet[Node]:
        """Keep nodes; one that holds a hub twice is there once, and nothing is told of a hub that he may not see."""
        hub = self.form.cleaned_data.pop("hub", None)
        if hub:
            replicas = Replica.objects.exclude(hub__in=hidden_hubs(self.request.user))
            queryset = queryset.filter(pk__in=replicas.filter(hub__tag=hub).values("node"))
        nodes: QuerySet[Node] = super().filter_queryset(queryset)
        return nodes


class ReplicaFilter(filters.FilterSet):  # type: ignore[misc]
    hub = of_hub("hub__tag")
    node = on_node("node__tag")
    role = ChoiceFilter(
        "role", "Whether it is the hub's own or a copy of it.", Replica.Role.choices
    )
    enabled = FlagFilter("enabled", "Whether it is looked at.")

    class Meta:
        model = Replica
        fields: list[str] = []


class RepoFilter(filters.FilterSet):  # type: ignore[misc]
    hub = of_hub("hub__tag")
    category = TextFilter("category", "The part before the slash.", "tracs")
    name = TextFilter("name", "The part behind the slash.", "env")
    selected = FlagFilter("selected", "Whether it was selected to be judged.")

    class Meta:
        model = Repo
        fields: list[str] = []


class SnapshotFilter(filters.FilterSet):  # type: ignore[misc]
    hub = of_hub("replica__hub__tag")
    node = on_node("replica__node__tag")
    replica = NumberFilter("replica_id", "Id of the replica.")
    repo = PathFilter("repo", "The repo, as category/name.")
    category = TextFilter("repo__category", "The part of the repo before the slash.", "tracs")
    name = TextFilter("repo__name", "The part of the repo behind the slash.", "env")
    stamp_after = after("stamp_at", "Stamped")
    stamp_before = before("stamp_at", "Stamped")
    first_seen_after = after("first_seen_at", "First seen")
    first_seen_before = before("first_seen_at", "First seen")
    gone = FlagFilter("gone_at", "Whether it is there no more.", lookup_expr="isnull", exclude=True)
    size_least = NumberFilter("size_bytes", "Of at least so many bytes.", lookup_expr="gte")
    size_most = NumberFilter("size_bytes", "Of at most so many bytes.", lookup_expr="lte")
    sidecar_state = ChoiceFilter(
        "sidecar_state", "What was seen of its sidecar.", SidecarState.choices
    )
    verified_verdict = ChoiceFilter(
        "verified_verdict", "What re-reading it showed.", ProofVerdict.choices
    )

    class Meta:
        model = TarballSnapshot
        fields: list[str] = []


class RunFilter(filters.FilterSet):  # type: ignore[misc]
    hub = of_hub("replica__hub__tag")
    node = on_node("replica__node__tag")
    replica = NumberFilter("replica_id", "Id of the replica.")
    status = ChoiceFilter("status", "What came of it.", RunStatus.choices)
    full = FlagFilter("full", "Whether it walked every month.")
    batch = TextFilter("batch", "Made by the same `collect`.")
    started_after = after("started_at", "Begun")
    started_before = before("started_at", "Begun")

    class Meta:
        model = CollectRun
        fields: list[str] = []


class FindingFilter(filters.FilterSet):  # type: ignore[misc]
    hub = of_hub("hub__tag")
    node = on_node("replica__node__tag")
    replica = NumberFilter("replica_id", "Id of the replica.")
    repo = PathFilter("repo", "The repo, as category/name.")
    code = TextFilter("code", "The rule.", "overdue")
    severity = ChoiceFilter("severity", "How bad it is.", Severity.choices)
    open = FlagFilter("closed_at", "Whether it has not closed.", lookup_expr="isnull")
    muted = FlagFilter(
        "acknowledged_at",
        "Whether it is open, and acknowledged or snoozed until later than now.",
        method="keep_muted",
    )
    opened_after = after("opened_at", "Opened")
    opened_before = before("opened_at", "Opened")
    closed_after = after("closed_at", "Closed")
    closed_before = before("closed_at", "Closed")

    class Meta:
        model = Finding
        fields: list[str] = []

    def keep_muted(self, findings: QuerySet[Finding], name: str, wanted: bool) -> QuerySet[Finding]:
        silent = muted(timezone.now())
        return findings.filter(silent if wanted else ~silent)


class MessageFilter(filters.FilterSet):  # type: ignore[misc]
    hub = of_hub("hub__tag")
    kind = ChoiceFilter("kind", "Why it was sent.", [(kind.value, kind.value) for kind in Kind])
    severity = ChoiceFilter("severity", "How bad it is, as a whole.", SEVERITIES)
    created_after = after("created_at", "Written")
    created_before = before("created_at", "Written")
    channel = TextFilter("pk", "Went out over the channel of this name.", method="keep_channel")
    status = ChoiceFilter(
        "pk", "One of its deliveries stands so.", DeliveryStatus.choices, method="keep_status"
    )
    finding = NumberFilter("pk", "Told of the finding of this id.", method="keep_finding")

    class Meta:
        model = Notification
        fields: list[str] = []

    def keep_channel(
        self, messages: QuerySet[Notification], name: str, channel: str
    ) -> QuerySet[Notification]:
        return messages.filter(_has_delivery(channel_name=channel))

    def keep_status(
        self, messages: QuerySet[Notification], name: str, status: str
    ) -> QuerySet[Notification]:
        return messages.filter(_has_delivery(status=status))

    def keep_finding(
        self, messages: QuerySet[Notification], name: str, finding: int
    ) -> QuerySet[Notification]:
        tellings = Telling.objects.filter(notification=OuterRef("pk"), finding=finding)
        seen = tellings.exclude(finding__hub__in=hidden_hubs(self.request.user))
        return messages.filter(Exists(seen))


def _has_delivery(**fields_of_it: str) -> Exists:
    return Exists(Delivery.objects.filter(notification=OuterRef("pk"), **fields_of_it))
