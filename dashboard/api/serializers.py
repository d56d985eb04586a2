"""The rows of the API, and what is sent to it. What opens a door (users, key files, jump hosts) is not among the fields."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.models import Delivery, Notification
from hubs.models import Hub, Node, Replica, Repo
from probes.answers import MOST_CHARACTERS
from probes.draw.series import RANGE_DAYS
from probes.models import CollectRun, Finding, ProofVerdict, TarballSnapshot

STATES = ["ok", "warn", "alarm", "unknown"]


def text(about: str, source: str | None = None, **options: Any) -> serializers.CharField:
    return serializers.CharField(read_only=True, source=source, help_text=about, **options)


def whole(about: str, source: str | None = None) -> serializers.IntegerField:
    return serializers.IntegerField(read_only=True, source=source, help_text=about)


def moment(about: str, source: str | None = None) -> serializers.DateTimeField:
    return serializers.DateTimeField(
        read_only=True, source=source, allow_null=True, help_text=about
    )


@extend_schema_field({"type": "string", "enum": ["", *ProofVerdict.values]})
class VerdictField(serializers.CharField):
    """What re-reading showed, or nothing."""


@extend_schema_field(
    {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS, "pattern": r"\S"}
)
class ReasonField(serializers.CharField):
    """Why somebody does something."""


class HubSerializer(serializers.ModelSerializer[Hub]):
    """A hub, and what is to be said of it now."""

    report_url = text("Where its own report is; empty: nowhere.")
    state = serializers.ChoiceField(
        STATES, read_only=True, source="conclusion.state", help_text="How it is, in one word."
    )
    conclusion = text("How it is, in a sentence.", "conclusion.text")
    alarms = whole("Open findings of this severity.", "conclusion.alarms")
    warns = whole("Open findings of this severity.", "conclusion.warns")
    notices = whole("Open findings of this severity.", "conclusion.notices")
    replicas = whole("Replicas that are looked at.", "conclusion.replicas")
    unknown_replicas = whole(
        "Of those, which are unknown: they cannot be looked at.", "conclusion.unknown_replicas"
    )
    complete_at = moment(
        "The oldest of the last complete looks; null where a replica has none.",
        "conclusion.complete_at",
    )
    newest_stamp_at = moment("Stamp of the newest tarball there.", "conclusion.newest_stamp_at")

    class Meta:
        model = Hub
        fields = [
            "tag",
            "name",
            "title",
            "time_zone",
            "message",
            "report_url",
            "state",
            "conclusion",
            "alarms",
            "warns",
            "notices",
            "replicas",
            "unknown_replicas",
            "complete_at",
            "newest_stamp_at",
        ]
        read_only_fields = fields


class NodeSerializer(serializers.ModelSerializer[Node]):
    """A node, without how to log in to it."""

    class Meta:
        model = Node
        fields = ["tag", "transport", "site"]
        read_only_fields = fields


class ReplicaSerializer(serializers.ModelSerializer[Replica]):
    """The tarballs of a hub on a node under a root."""

    hub = text("Tag of the hub.", "hub.tag")
    node = text("Tag of the node.", "node.tag")

    class Meta:
        model = Replica
        fields = ["id", "hub", "node", "root", "role", "enabled"]
        read_only_fields = fields


class RepoSerializer(serializers.ModelSerializer[Repo]):
    """One instance of a hub."""

    hub = text("Tag of the hub.", "hub.tag")
    path = text("category/name, as other rows name it.")

    class Meta:
        model = Repo
        fields = ["id", "hub", "category", "name", "path", "selected"]
        read_only_fields = fields


class OnReplicaSerializer(serializers.ModelSerializer[Any]):
    """A row that hangs on a replica: it says which by words too."""

    hub = text("Tag of the hub.", "replica.hub.tag")
    node = text("Tag of the node.", "replica.node.tag")
    replica = whole("Id of the replica.", "replica_id")


class SnapshotSerializer(OnReplicaSerializer):
    """What was seen of one tarball on one replica, kept after the file is gone."""

    repo = text("category/name.", "repo.path")
    verified_verdict = VerdictField(
        read_only=True, help_text="What re-reading it showed; empty: it was not re-read."
    )

    class Meta:
        model = TarballSnapshot
        fields = [
            "id",
            "hub",
            "node",
            "replica",
            "repo",
            "path",
            "stamp_at",
            "stamp_text",
            "size_bytes",
            "mtime_at",
            "sidecar_kind",
            "sidecar_state",
            "sidecar_digest",
            "sidecar_size_bytes",
            "first_seen_at",
            "gone_at",
            "verified_level",
            "verified_at",
            "verified_verdict",
        ]
        read_only_fields = fields


class RunSerializer(OnReplicaSerializer):
    """A look without the command line that repeats it, which names users and key files."""

    seconds = serializers.FloatField(
        read_only=True, allow_null=True, help_text="How long it took; null while it goes on."
    )

    class Meta:
        model = CollectRun
        fields = [
            "id",
            "hub",
            "node",
            "replica",
            "batch",
            "started_at",
            "finished_at",
            "seconds",
            "status",
            "stage",
            "error",
            "method",
            "exit_status",
            "full",
            "seen",
            "new",
            "changed",
            "gone",
            "unrecognised",
            "seen_bytes",
            "bytes_received",
            "noise_bytes",
            "clock_skew_seconds",
            "free_bytes",
            "total_bytes",
        ]
        read_only_fields = fields


@extend_schema_field({"type": "object", "additionalProperties": True})
class EvidenceField(serializers.JSONField):
    """What a rule saw and expected; what is in it depends on the rule."""


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A finding with the fields that `findings --format json` prints."""

    hub = text("Tag of the hub.", "hub.tag")
    node = text(
        "Tag of the node; null where it is about none.",
        "replica.node.tag",
        default=None,
        allow_null=True,
    )
    replica = serializers.IntegerField(
        read_only=True, source="replica_id", allow_null=True, help_text="Id of the replica."
    )
    repo = text(
        "category/name; null where it is about none.", "repo.path", default=None, allow_null=True
    )
    path = serializers.SerializerMethodField(
        help_text="The tarball, relative to the root; null where it is about none."
    )
    evidence = EvidenceField(
        read_only=True, help_text="What was seen and expected; it depends on the rule."
    )
    acknowledged_by = text("User name.", "acknowledged_by.username", default=None, allow_null=True)
    told_in = serializers.IntegerField(
        read_only=True,
        source="told_in_id",
        allow_null=True,
        help_text="Id of the finding that tells it together with others of the same cause.",
    )

    class Meta:
        model = Finding
        fields = [
            "id",
            "code",
            "severity",
            "hub",
            "node",
            "replica",
            "repo",
            "path",
            "stamp_at",
            "message",
            "evidence",
            "opened_at",
            "confirmed_at",
            "closed_at",
            "acknowledged_by",
            "acknowledged_at",
            "acknowledged_reason",
            "acknowledged_until",
            "reopenings",
            "told_in",
        ]
        read_only_fields = fields

    def get_path(self, finding: Finding) -> str | None:
        return finding.path or None


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A message on its way to one recipient. Whom it went to, and what was answered, is for who is logged in."""

    channel = text("Name of the channel.", "channel_name")
    recipient = serializers.SerializerMethodField(
        help_text="A mail address; null where the channel says it all, and without login."
    )
    answer = serializers.SerializerMethodField(
        help_text="What the other side said last; null without login."
    )

    class Meta:
        model = Delivery
        fields = [
            "channel",
            "recipient",
            "status",
            "attempts_made",
            "due_at",
            "settled_at",
            "answer",
        ]
        read_only_fields = fields

    def get_recipient(self, delivery: Delivery) -> str | None:
        return (delivery.recipient or None) if self._is_logged_in() else None

    def get_answer(self, delivery: Delivery) -> str | None:
        return delivery.answer if self._is_logged_in() else None

    def _is_logged_in(self) -> bool:
        return bool(self.context["request"].user.is_authenticated)


class MessageSerializer(serializers.ModelSerializer[Notification]):
    """A message to people, as it was written, and how it went out."""

    hub = text(
        "Tag of the hub; null where it is about none.", "hub.tag", default=None, allow_null=True
    )
    deliveries = DeliverySerializer(many=True, read_only=True)

    class Meta:
        model = Notification
        fields = [
            "id",
            "public_id",
            "hub",
            "kind",
            "severity",
            "subject",
            "created_at",
            "deliveries",
        ]
        read_only_fields = fields


# --- What is sent to the API ---------------------------------------------------------------------


class AcceptSerializer(serializers.Serializer[Any]):
    """Why a level is accepted. A field of another name is refused: misspelt, it would mean something else."""

    reason = ReasonField(
        max_length=MOST_CHARACTERS, help_text="One paragraph that tells others why."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(
                {name: ["There is no such field."] for name in unknown}
            )
        return attrs


class AcknowledgeSerializer(AcceptSerializer):
    """Why a finding is to be silent, and until when: null or left out means until it closes."""

    until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="When it speaks up again, in ISO 8601; UTC where it has no offset.",
    )


# --- Other answers -------------------------------------------------------------------------------


class AskedSerializer(serializers.Serializer[Any]):
    """What came of asking for looks."""

    asked_at = serializers.DateTimeField(help_text="When it was asked.")
    queued = serializers.ListField(
        child=serializers.IntegerField(), help_text="Replicas that a look was queued for."
    )
    under_way = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Replicas that are being looked at, or were asked for a moment ago: not queued again.",
    )
    disabled = serializers.ListField(
        child=serializers.IntegerField(), help_text="Replicas that are not looked at."
    )
    runs = serializers.URLField(help_text="Where the looks appear when they begin.")


class ProblemSerializer(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    type = serializers.CharField(help_text="Which kind of error: an address that describes it.")
    title = serializers.CharField(help_text="The kind in words.")
    status = serializers.IntegerField(help_text="The status of the answer.")
    detail = serializers.CharField(help_text="What happened this time.")
    instance = serializers.CharField(help_text="The path that was asked for.")
    errors = serializers.DictField(  # type: ignore[assignment]  # the base class has its own of this name
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong, by parameter or field; under `detail` what is wrong with the whole.",
    )


class ColumnsSerializer(serializers.Serializer[Any]):
    """A repo's sizes as two columns of equal length."""

    repo = serializers.CharField(help_text="category/name.")
    epoch_seconds = serializers.ListField(child=serializers.IntegerField())
    size_bytes = serializers.ListField(child=serializers.IntegerField())


class DaysSerializer(serializers.Serializer[Any]):
    """Tarballs of each day, which is named by the second when it begins in the hub's zone."""

    epoch_seconds = serializers.ListField(child=serializers.IntegerField())
    tarballs = serializers.ListField(child=serializers.IntegerField())


class SeriesSerializer(serializers.Serializer[Any]):
    """The numbers of a replica's plot."""

    hub = serializers.CharField(help_text="Tag of the hub.")
    node = serializers.CharField(help_text="Tag of the node.")
    replica = serializers.IntegerField(help_text="Id of the replica.")
    range = serializers.ChoiceField(
        list(RANGE_DAYS), allow_null=True, help_text="As asked for; null for a window."
    )
    time_zone = serializers.CharField(help_text="IANA name of the hub's zone.")
    begins_on = serializers.DateField(allow_null=True, help_text="First day, in that zone.")
    ends_on = serializers.DateField(allow_null=True, help_text="Last day, in that zone.")
    expected_per_day = serializers.IntegerField(
        allow_null=True, help_text="Tarballs of the judged repos; null where no policy says."
    )
    is_whole = serializers.BooleanField(
        help_text="Whether every tarball of these days is there: a shorter window would show no more."
    )
    sizes = ColumnsSerializer(many=True)
    days = DaysSerializer()
