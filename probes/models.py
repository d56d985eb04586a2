"""CollectRun, TarballSnapshot, TarballEvent, RepoMonth and Finding: what was seen and what was made of it.

Rows are kept for ever. Times are UTC, sizes are bytes, and paths are in the text form of `hubs.names`.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from alerts.models import Notification, Route
from hubs.models import Hub, Replica, Repo
from hubs.names import exact
from probes.change import WORDS


class RunStatus(models.TextChoices):
    """What came of a look; only `ok` is a complete listing."""

    RUNNING = "running", "running"
    OK = "ok", "ok"
    PARTIAL = "partial", "partial: find could not read everything"
    UNREACHABLE = "unreachable", "unreachable"
    HOST_KEY = "host_key", "host key unknown or changed"
    AUTH = "auth", "login refused"
    TIMEOUT = "timeout", "out of time"
    TRUNCATED = "truncated", "cut off"
    MALFORMED = "malformed", "not an answer to our question"
    OVERFLOW = "overflow", "more than the cap"
    NO_ROOT = "no_root", "the root directory is not there"
    SKIPPED_LOCKED = "skipped_locked", "skipped: another run is looking"
    ABORTED = "aborted", "ended before it was done"
    ERROR = "error", "error"


class CollectRunQuerySet(models.QuerySet["CollectRun"]):
    """Reads of runs that several apps need."""

    def complete(self) -> CollectRunQuerySet:
        """Keep looks that listed everything they asked for."""
        return self.filter(status=RunStatus.OK)

    def ended(self) -> CollectRunQuerySet:
        """Keep looks that came to an end and were not merely skipped for another run."""
        return self.exclude(status__in=[RunStatus.RUNNING, RunStatus.SKIPPED_LOCKED])


class CollectRun(models.Model):
    """One look at one replica, whatever came of it."""

    replica = models.ForeignKey(Replica, models.CASCADE, related_name="runs")
    batch = models.CharField(max_length=32, help_text="The same for all replicas of one `collect`.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=14, choices=RunStatus.choices, default=RunStatus.RUNNING)
    stage = models.CharField(
        max_length=20,
        blank=True,
        help_text="Where it ended: connect, login, list, sidecars, store.",
    )
    error = models.TextField(blank=True)
    command = models.TextField(blank=True, help_text="The lines that repeat it.")
    method = models.CharField(
        max_length=20, blank=True, help_text="The form of listing: gnu, portable, sftp."
    )
    exit_status = models.BigIntegerField(null=True, blank=True)
    full = models.BooleanField(
        default=False, help_text="It walked every month, so it may say what is gone."
    )
    seen = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    unrecognised = models.PositiveIntegerField(default=0)
    unrecognised_examples = models.JSONField(default=list, blank=True)
    locks = models.JSONField(
        default=list, blank=True, help_text="LOCKED entries: [path, mtime in epoch seconds]."
    )
    seen_bytes = models.BigIntegerField(
        default=0, help_text="Sum of the sizes of the tarballs listed."
    )
    bytes_received = models.BigIntegerField(default=0)
    noise_bytes = models.BigIntegerField(default=0)
    noise = models.TextField(
        blank=True, help_text="The beginning of what a login printed outside the answer."
    )
    remote_stderr = models.TextField(blank=True)
    traceback = models.TextField(
        blank=True, help_text="Where in scmmon an error came up that nobody had foreseen."
    )
    clock_skew_seconds = models.FloatField(
        null=True, blank=True, help_text="Node minus this machine."
    )
    free_bytes = models.BigIntegerField(null=True, blank=True)
    total_bytes = models.BigIntegerField(null=True, blank=True)
    observer = models.CharField(max_length=200, blank=True, help_text="user@host[pid] that looked.")

    objects = CollectRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["replica", "-started_at"]),
            models.Index(fields=["replica", "status", "-started_at"]),
            models.Index(fields=["-started_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.replica} at {self.started_at:%Y-%m-%d %H:%M}: {self.status}"

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None


class SidecarState(models.TextChoices):
    """What was seen of a tarball's sidecar."""

    ABSENT = "absent", "none"
    OK = "ok", "read"
    BAD = "bad", "cannot be understood"
    UNREAD = "unread", "there, but could not be read"


class ProofVerdict(models.TextChoices):
    """What re-reading a stored tarball showed."""

    GOOD = "good", "as it should be"
    DIGEST_MISMATCH = "digest_mismatch", "its digest is not that of its sidecar"
    CORRUPT = "corrupt", "no readable archive"
    UNREADABLE_CONTENT = "unreadable_content", "an archive whose content cannot be used"


class TarballSnapshot(models.Model):
    """What was seen of one tarball on one replica, kept after the file is gone."""

    # The indexes below begin with these two; one more for each would only slow a first look down.
    replica = models.ForeignKey(Replica, models.CASCADE, related_name="snapshots", db_index=False)
    repo = models.ForeignKey(Repo, models.CASCADE, related_name="snapshots", db_index=False)
    path = models.TextField(help_text="Relative to the replica's root; see hubs.names.")
    path_key = models.CharField(
        max_length=32,
        help_text="hubs.names.key of the path, as an index has no room for long ones.",
    )
    stamp_at = models.DateTimeField()
    stamp_text = models.CharField(max_length=17)
    size_bytes = models.BigIntegerField()
    mtime_at = models.DateTimeField(null=True, blank=True)
    sidecar_kind = models.CharField(max_length=6, blank=True, help_text="dna, sha256, or empty.")
    sidecar_state = models.CharField(
        max_length=6, choices=SidecarState.choices, default=SidecarState.ABSENT
    )
    sidecar_problem = models.CharField(
        max_length=120, blank=True, help_text="Why it could not be read or understood."
    )
    sidecar_digest = models.CharField(max_length=64, blank=True)
    sidecar_size_bytes = models.BigIntegerField(
        null=True, blank=True, help_text="The tarball's size as the sidecar says."
    )
    sidecar_length = models.BigIntegerField(
        null=True, blank=True, help_text="Bytes of the sidecar itself."
    )
    sidecar_mtime_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    verified_level = models.CharField(max_length=8, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_verdict = models.CharField(max_length=40, choices=ProofVerdict.choices, blank=True)

    class Meta:
        ordering = ["stamp_at", "path"]
        constraints = [
            models.UniqueConstraint(fields=["replica", "path_key"], name="one_snapshot_a_tarball")
        ]
        indexes = [
            # The last two let the way back to what was there at a moment pass by what came later or had gone.
            models.Index(
                name="snapshots_of_a_repo",
                fields=["repo", "replica", "stamp_at", "first_seen_at", "gone_at"],
            ),
            models.Index(
                name="snapshots_in_doubt",
                fields=["replica", "sidecar_state"],
                condition=Q(gone_at=None) & (~Q(sidecar_state="ok") | Q(size_bytes=0)),
            ),
            models.Index(
                name="snapshots_of_other_size",
                fields=["replica"],
                condition=Q(gone_at=None, sidecar_size_bytes__isnull=False)
                & ~Q(sidecar_size_bytes=models.F("size_bytes")),
            ),
            models.Index(
                name="snapshots_gone",
                fields=["replica", "gone_at"],
                condition=Q(gone_at__isnull=False),
            ),
            models.Index(
                name="snapshots_disproved",
                fields=["replica"],
                condition=Q(gone_at=None)
                & Q(verified_verdict__in=["corrupt", "digest_mismatch", "unreadable_content"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.replica}: {self.path}"

    @property
    def exact_path(self) -> str:
        """Its path as programs expect it; see `hubs.names.exact`."""
        return exact(self.path)


class TarballEvent(models.Model):
    """Something that happened to a tarball after it was complete; the snapshot holds the newer values."""

    class Kind(models.TextChoices):
        """What happened."""

        CHANGED = "changed", "changed after it was complete"
        RETURNED = "returned", "there again after it was gone"

    snapshot = models.ForeignKey(TarballSnapshot, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    noticed_at = models.DateTimeField()
    size_bytes_before = models.BigIntegerField()
    size_bytes_after = models.BigIntegerField()
    mtime_at_before = models.DateTimeField(null=True)
    mtime_at_after = models.DateTimeField(null=True)
    digest_before = models.CharField(max_length=64, blank=True)
    digest_after = models.CharField(max_length=64, blank=True)
    gone_at_before = models.DateTimeField(null=True)

    class Meta:
        ordering = ["noticed_at", "id"]
        indexes = [models.Index(fields=["kind", "noticed_at"])]

    def __str__(self) -> str:
        return f"{self.snapshot}: {self.kind}"


class RepoMonth(models.Model):
    """One directory `<category>/<name>/YYYY/MM` on one replica, summed up.

    Its digest tells at the next look that nothing changed without reading a snapshot row, and its points
    let a chart of ten years cost what one of a month does. Points count every tarball ever seen, gone or not.
    """

    replica = models.ForeignKey(Replica, models.CASCADE, related_name="months")
    repo = models.ForeignKey(Repo, models.CASCADE, related_name="months")
    directory = models.TextField(help_text="Relative to the root, up to the month; see hubs.names.")
    directory_key = models.CharField(max_length=32, help_text="hubs.names.key of the directory.")
    starts_on = models.DateField(help_text="First day of the month, in the hub's zone.")
    digest = models.CharField(
        max_length=32, blank=True, help_text="Of the records as last listed; empty: look again."
    )
    tarballs = models.PositiveIntegerField(default=0, help_text="There at the last look.")
    size_bytes = models.BigIntegerField(default=0, help_text="Sum of those.")
    day_counts = models.JSONField(default=dict, help_text='Tarballs by day of the month: {"7": 1}.')
    fine_points = models.JSONField(
        default=list, help_text="[epoch seconds, bytes] pairs, at most 64."
    )
    coarse_points = models.JSONField(
        default=list, help_text="[epoch seconds, bytes] pairs, at most 4."
    )

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["replica", "directory_key"], name="one_month_a_directory"
            )
        ]
        indexes = [
            models.Index(fields=["replica", "starts_on"]),
            models.Index(
                name="months_with_tarballs",  # how many are there, without reading a row
                fields=["replica", "tarballs", "size_bytes"],
                condition=Q(tarballs__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.replica}: {self.directory}"


class Severity(models.TextChoices):
    """How bad a finding is."""

    ALARM = "alarm"
    WARN = "warn"
    NOTICE = "notice"


class FindingQuerySet(models.QuerySet["Finding"]):
    """Reads of findings that several apps need."""

    def open(self) -> FindingQuerySet:
        """Keep those that have not closed."""
        return self.filter(closed_at=None)


# The fields of a finding that say who answered it, and for how long.
ACKNOWLEDGEMENT = (
    "acknowledged_by",
    "acknowledged_at",
    "acknowledged_reason",
    "acknowledged_until",
)


class Finding(models.Model):
    """A rule's verdict that opened at some moment and closed, or not yet, at another."""

    hub = models.ForeignKey(Hub, models.CASCADE, related_name="findings")
    replica = models.ForeignKey(
        Replica, models.CASCADE, null=True, blank=True, related_name="findings"
    )
    repo = models.ForeignKey(Repo, models.CASCADE, null=True, blank=True, related_name="findings")
    code = models.CharField(max_length=30)
    severity = models.CharField(max_length=6, choices=Severity.choices)
    subject_key = models.CharField(
        max_length=32,
        help_text="hubs.names.key of what it is about: one open finding for each code and subject.",
    )
    path = models.TextField(
        blank=True, help_text="The tarball, relative to the root; empty where none."
    )
    stamp_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField()
    evidence = models.JSONField(default=dict)
    includes = models.JSONField(
        default=list, blank=True, help_text="Keys of the subjects that it tells together."
    )
    opened_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(help_text="When it was last found true.")
    closed_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_reason = models.TextField(blank=True)
    acknowledged_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it speaks up again (snoozed); null: not until it closes.",
    )
    reopenings = models.PositiveIntegerField(
        default=0, help_text="How often it came back within a day of closing."
    )
    told_in = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The finding that tells it together with others of the same cause.",
    )

    told_as = models.CharField(
        max_length=6,
        blank=True,
        help_text="The severity that people were last told, or closed; empty: they were told nothing.",
    )
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When they were last told of it, reminders too."
    )

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["hub", "code", "subject_key"],
                condition=Q(closed_at=None),
                name="one_open_finding_a_subject",
            )
        ]
        indexes = [models.Index(fields=["hub", "closed_at"]), models.Index(fields=["-opened_at"])]

    def __str__(self) -> str:
        return f"{self.hub.tag} {self.code}: {self.message}"

    def is_muted(self, now: datetime) -> bool:
        """Return whether somebody acknowledged it and the time they gave has not run out."""
        return self.acknowledged_at is not None and (
            self.acknowledged_until is None or now < self.acknowledged_until
        )

    def unmute(self) -> None:
        """Let it speak again, unsaved; what was answered stays in its log."""
        self.acknowledged_by = self.acknowledged_at = self.acknowledged_until = None
        self.acknowledged_reason = ""

    def duration_until(self, now: datetime) -> float:
        """Return for how many seconds it has been, or was, open."""
        return ((self.closed_at or now) - self.opened_at).total_seconds()


class Telling(models.Model):
    """That people were told of a finding, in which message and why."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="tellings")
    notification = models.ForeignKey(Notification, models.CASCADE, related_name="tellings")
    change = models.CharField(
        max_length=10, choices=[(change.value, words) for change, words in WORDS.items()]
    )
    severity = models.CharField(max_length=6, choices=Severity.choices)
    at = models.DateTimeField()
    route = models.ForeignKey(
        Route,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The route of escalation that it took.",
    )

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.change} at {self.at:%Y-%m-%d %H:%M}"


class Suspicion(models.Model):
    """A verdict that has not been confirmed by as many looks as the policy wants: not a finding yet."""

    hub = models.ForeignKey(Hub, models.CASCADE, related_name="+")
    code = models.CharField(max_length=30)
    subject_key = models.CharField(max_length=32)
    looks = models.PositiveIntegerField(help_text="Looks in a row that showed it.")
    looked_at = models.DateTimeField(help_text="The newest of them.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hub", "code", "subject_key"], name="one_suspicion_a_subject"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hub.tag} {self.code}: seen by {self.looks}"


class AcceptedLevel(models.Model):
    """Somebody's word that what a repo's tarballs are like from some stamp on is how they shall be."""

    repo = models.ForeignKey(Repo, models.CASCADE, related_name="accepted_levels")
    from_stamp_at = models.DateTimeField(
        help_text="Tarballs of this stamp and later are what new ones are compared with."
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        ordering = ["-accepted_at"]

    def __str__(self) -> str:
        return f"{self.repo} from {self.from_stamp_at:%Y-%m-%d %H:%M}"


class Answer(models.Model):
    """What somebody did about a finding; kept when the next one answers, and when the account is gone."""

    class Kind(models.TextChoices):
        """What they did."""

        ACKNOWLEDGED = "acknowledged", "acknowledged until it closes"
        SNOOZED = "snoozed", "snoozed"
        WITHDRAWN = "withdrawn", "acknowledgement withdrawn"
        ACCEPTED = "accepted", "new level accepted"

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="answers")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=150, help_text="The user's name at the time.")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    until = models.DateTimeField(
        null=True, blank=True, help_text="When a snoozed one speaks up again."
    )

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.finding_id}: {self.kind} by {self.author_name}"


class StoredPicture(models.Model):
    """A plot as it is served: one row for each form of it, replaced when what it shows changes."""

    class Size(models.TextChoices):
        """How broad it is."""

        WIDE = "wide", "for a page"
        NARROW = "narrow", "for a telephone"
        SPARK = "spark", "for a row of a table"

    class Form(models.TextChoices):
        """What it is made of."""

        SVG = "svg", "SVG, light and dark"
        LIGHT = "light", "PNG, light"
        DARK = "dark", "PNG, dark"

    hub = models.ForeignKey(Hub, models.CASCADE, related_name="pictures")
    replica = models.ForeignKey(Replica, models.CASCADE, null=True, related_name="pictures")
    repo = models.ForeignKey(Repo, models.CASCADE, null=True, related_name="pictures")
    subject = models.CharField(
        max_length=32, help_text="What it shows: `replica 7`, `repo 9` on every node, or `hub 3`."
    )
    range_name = models.CharField(max_length=4)
    size = models.CharField(max_length=6, choices=Size.choices)
    form = models.CharField(max_length=5, choices=Form.choices)
    digest = models.CharField(max_length=32, help_text="Of its bytes: its address for ever.")
    fingerprint = models.CharField(max_length=32, help_text="Of all that it was drawn from.")
    content = models.BinaryField(help_text="The PNG, or the SVG compressed by gzip.")
    width = models.PositiveIntegerField(help_text="In CSS pixels.")
    height = models.PositiveIntegerField()
    alt = models.TextField(help_text="What it shows, in words.")
    drawing = models.PositiveIntegerField(
        help_text="Which way of drawing it was; see `probes.draw.picture.DRAWING`."
    )
    drawn_at = models.DateTimeField()
    checked_at = models.DateTimeField(
        null=True, help_text="When it was last found up to date; null: something changed since."
    )
    turn = models.PositiveIntegerField(
        default=0,
        help_text="Raised by each change: who began to draw before it may not store any more.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "range_name", "size", "form"], name="one_picture_a_form"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.range_name} {self.size} {self.form}"
