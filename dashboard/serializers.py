"""The rows of the API, and what answers take. What opens a door (users, key files, jump hosts) is not among the fields."""

from typing import Any

from rest_framework import serializers

from hubs.models import Hub, Node, Replica, Repo
from probes.answers import MOST_CHARACTERS
from probes.models import CollectRun, Finding, TarballSnapshot


class HubSerializer(serializers.ModelSerializer[Hub]):
    class Meta:
        model = Hub
        fields = ["tag", "name", "title", "time_zone", "message", "report_url"]


class NodeSerializer(serializers.ModelSerializer[Node]):
    class Meta:
        model = Node
        fields = ["tag", "transport", "site"]


class ReplicaSerializer(serializers.ModelSerializer[Replica]):
    hub = serializers.CharField(source="hub.tag")
    node = serializers.CharField(source="node.tag")

    class Meta:
        model = Replica
        fields = ["id", "hub", "node", "root", "role", "enabled"]


class RepoSerializer(serializers.ModelSerializer[Repo]):
    hub = serializers.CharField(source="hub.tag")

    class Meta:
        model = Repo
        fields = ["id", "hub", "category", "name", "path", "selected"]


class OnReplicaSerializer(serializers.ModelSerializer[Any]):
    """A row that hangs on a replica: it says which by words too."""

    hub = serializers.CharField(source="replica.hub.tag")
    node = serializers.CharField(source="replica.node.tag")


class SnapshotSerializer(OnReplicaSerializer):
    repo = serializers.CharField(source="repo.path")

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


class RunSerializer(OnReplicaSerializer):
    """A look without the command line that repeats it, which names users and key files."""

    seconds = serializers.FloatField(allow_null=True)

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


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A finding with the fields that `findings --format json` prints."""

    hub = serializers.CharField(source="hub.tag")
    node = serializers.CharField(source="replica.node.tag", default=None, allow_null=True)
    repo = serializers.CharField(source="repo.path", default=None, allow_null=True)
    path = serializers.SerializerMethodField()
    acknowledged_by = serializers.CharField(
        source="acknowledged_by.username", default=None, allow_null=True
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

    def get_path(self, finding: Finding) -> str | None:
        return finding.path or None


class AcceptSerializer(serializers.Serializer[Any]):
    """Why a level is accepted. A field of another name is refused: misspelt, it would mean something else."""

    reason = serializers.CharField(max_length=MOST_CHARACTERS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(
                {name: ["There is no such field."] for name in unknown}
            )
        return attrs


class AcknowledgeSerializer(AcceptSerializer):
    """Why a finding is to be silent, and until when: null or left out means until it closes."""

    until = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RefusalSerializer(serializers.Serializer[Any]):
    """Why a request was not followed."""

    detail = serializers.CharField()


class ColumnsSerializer(serializers.Serializer[Any]):
    """A repo's sizes as two columns of equal length."""

    repo = serializers.CharField()
    epoch_seconds = serializers.ListField(child=serializers.IntegerField())
    size_bytes = serializers.ListField(child=serializers.IntegerField())


class DaysSerializer(serializers.Serializer[Any]):
    """Tarballs of each day, which is named by the second when it begins in the hub's zone."""

    epoch_seconds = serializers.ListField(child=serializers.IntegerField())
    tarballs = serializers.ListField(child=serializers.IntegerField())


class SeriesSerializer(serializers.Serializer[Any]):
    """The numbers of a replica's plot."""

    hub = serializers.CharField()
    node = serializers.CharField()
    replica = serializers.IntegerField()
    range = serializers.CharField()
    time_zone = serializers.CharField()
    begins_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    expected_per_day = serializers.IntegerField(allow_null=True)
    sizes = ColumnsSerializer(many=True)
    days = DaysSerializer()
