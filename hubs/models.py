"""Hub, Node, Replica, Repo and Policy: what is watched and what is expected of it; and when nothing is expected."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models

from hubs import validators
from hubs.limits import LIMIT_NAMES, Limits, limits_from
from hubs.planned import parse_days, recurrence_problem, tidy_days


class Hub(models.Model):
    """A server on which SCM instances reside; it makes a set of tarballs at each backup."""

    tag = models.CharField(
        max_length=40,
        unique=True,
        validators=[validators.tag],
        help_text="Short and stable: it is in URLs, file names and commands. Example: C2",
    )
    name = models.CharField(
        max_length=80,
        blank=True,
        validators=[validators.one_line],
        help_text="The server's own name. Example: cms02",
    )
    title = models.CharField(
        max_length=200,
        blank=True,
        validators=[validators.one_line],
        help_text="Heading of its page.",
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validators.time_zone],
        help_text="IANA name of the zone in which the stamps in the paths are written. Example: Asia/Taipei",
    )
    message = models.TextField(blank=True, help_text="Shown on its page.")
    report_url = models.CharField(
        max_length=400, blank=True, validators=[URLValidator(["http", "https"])]
    )
    contacts = models.JSONField(
        default=list,
        blank=True,
        validators=[validators.email_list],
        help_text='Mail addresses, as a list: ["ops@example.org"]',
    )
    groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="hubs",
        help_text="Who may see it. None: everybody who can log in.",
    )

    class Meta:
        ordering = ["tag"]

    def __str__(self) -> str:
        return f"{self.tag} ({self.name})" if self.name else self.tag

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its stamps."""
        return ZoneInfo(self.time_zone)

    def limits(self) -> Limits:
        """Return what is expected of its repos where they say nothing themselves; reads the policy row."""
        return limits_from(policy_layer(self))


class Node(models.Model):
    """A machine whose tarballs we look at."""

    class Transport(models.TextChoices):
        """How a node is reached."""

        SSH = "ssh", "over SSH"
        LOCAL = "local", "on this machine"

    tag = models.CharField(
        max_length=40,
        unique=True,
        validators=[validators.tag],
        help_text="A colon is allowed. Example: Z9:229",
    )
    transport = models.CharField(max_length=5, choices=Transport.choices, default=Transport.SSH)
    host = models.CharField(
        max_length=255,
        blank=True,
        validators=[validators.host],
        help_text="Name, address, or an alias of the file that SCMMON_SSH_CONFIG names.",
    )
    port = models.PositiveIntegerField(
        default=22, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    user = models.CharField(max_length=64, blank=True, validators=[validators.user])
    identity_file = models.CharField(
        max_length=400,
        blank=True,
        validators=[validators.local_file],
        help_text="Path of the private key on this machine; never the key itself.",
    )
    known_hosts = models.CharField(
        max_length=400,
        blank=True,
        validators=[validators.local_file],
        help_text="File with its host key. Empty: ~/.ssh/known_hosts. `manage.py hostkey` shows and pins keys.",
    )
    jump_host = models.CharField(
        max_length=300,
        blank=True,
        validators=[validators.jump_host],
        help_text="[user@]host[:port] to go through; its key must be known too.",
    )
    connect_timeout = models.DurationField(
        default=timedelta(seconds=10), validators=[validators.positive]
    )
    command_timeout = models.DurationField(
        default=timedelta(minutes=10),
        validators=[validators.positive],
        help_text="For one look, from its start to the last byte.",
    )
    site = models.CharField(
        max_length=80,
        blank=True,
        validators=[validators.one_line],
        help_text="Institution. Copies on different sites count apart.",
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="UTC",
        validators=[validators.time_zone],
        help_text="IANA name of the zone in which its recurring maintenance is written. Empty: UTC.",
    )

    class Meta:
        ordering = ["tag"]

    def __str__(self) -> str:
        return self.tag

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its recurring maintenance."""
        return ZoneInfo(self.time_zone or "UTC")

    def clean(self) -> None:
        """Refuse an SSH node without a host."""
        if self.transport == self.Transport.SSH and not self.host:
            raise ValidationError({"host": "A node that is reached over SSH needs a host."})


class Replica(models.Model):
    """The tarballs of one hub on one node under one root directory."""

    class Role(models.TextChoices):
        """Whose tarballs they are."""

        SOURCE = "source", "source (the hub's own)"
        COPY = "copy", "copy"

    hub = models.ForeignKey(Hub, models.CASCADE, related_name="replicas")
    node = models.ForeignKey(Node, models.PROTECT, related_name="replicas")
    root = models.CharField(
        max_length=1000,
        validators=[validators.root],
        help_text="Absolute path of the directory that holds <category>/<name>/YYYY/MM/DD/HHMMSS.",
    )
    role = models.CharField(max_length=6, choices=Role.choices, default=Role.COPY)
    enabled = models.BooleanField(default=True, help_text="Only enabled replicas are looked at.")

    class Meta:
        ordering = ["hub__tag", "-role", "node__tag", "root"]
        constraints = [
            models.UniqueConstraint(fields=["hub", "node", "root"], name="one_replica_a_place")
        ]

    def __str__(self) -> str:
        return f"{self.hub.tag} on {self.node.tag}"


LONGEST_RECURRING = timedelta(days=31)
ONCE = models.Q(cron="")


def _one_window(owner: str, moment: str, condition: models.Q) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=[owner, "reason", moment],
        condition=condition,
        name=f"one_window_of_a_{owner}_by_{moment}",
        violation_error_message="There is such a window for the same reason already.",
    )


class Maintenance(models.Model):
    """A window in which a hub makes no backups, or a node does not answer: once, or again and again by cron text."""

    hub = models.ForeignKey(
        Hub, models.CASCADE, null=True, blank=True, related_name="maintenance_windows"
    )
    node = models.ForeignKey(
        Node, models.CASCADE, null=True, blank=True, related_name="maintenance_windows"
    )
    starts_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="UTC. For a window that comes again: none begins before. Empty: no bound.",
    )
    ends_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="UTC. For a window that comes again: none begins then or later. Empty: no bound.",
    )
    cron = models.CharField(
        max_length=80,
        blank=True,
        help_text="When a window that comes again begins, on the clock of the hub or node. Example: 30 2 * * 0",
    )
    duration = models.DurationField(
        null=True,
        blank=True,
        validators=[validators.positive],
        help_text="How long one that comes again lasts.",
    )
    reason = models.CharField(max_length=200, validators=[validators.one_line])
    author = models.CharField(
        max_length=80, blank=True, validators=[validators.one_line], help_text="Who planned it."
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        verbose_name = "maintenance window"
        ordering = ["hub__tag", "node__tag", "cron", "starts_at", "reason"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hub=None, node__isnull=False)
                | models.Q(hub__isnull=False, node=None),
                name="maintenance_of_a_hub_or_of_a_node",
                violation_error_message="Give either a hub or a node.",
            ),
            models.CheckConstraint(
                condition=ONCE
                & models.Q(duration=None, starts_at__isnull=False, ends_at__isnull=False)
                | ~ONCE & models.Q(duration__isnull=False),
                name="maintenance_once_or_again",
                violation_error_message="Give either a beginning and an end, or cron text and a duration.",
            ),
            _one_window("hub", "starts_at", ONCE),
            _one_window("node", "starts_at", ONCE),
            _one_window("hub", "cron", ~ONCE),
            _one_window("node", "cron", ~ONCE),
        ]

    def __str__(self) -> str:
        return f"{self.reason} ({self.hub.tag if self.hub else self.node})"

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its cron text."""
        owner = self.hub or self.node
        return owner.zone if owner else ZoneInfo("UTC")

    def clean(self) -> None:
        """Refuse what is neither a window that comes once nor one that comes again."""
        wrong = self._wrong_recurring() if self.cron else self._wrong_one_off()
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            wrong["ends_at"] = "It ends before it begins."
        if wrong:
            raise ValidationError(wrong)

    def _wrong_recurring(self) -> dict[str, str]:
        wrong = {}
        if problem := recurrence_problem(self.cron):
            wrong["cron"] = problem
        if self.duration is None:
            wrong["duration"] = "Say how long a window that comes again lasts."
        elif self.duration > LONGEST_RECURRING:
            wrong["duration"] = "A window that comes again lasts 31 days at most."
        return wrong

    def _wrong_one_off(self) -> dict[str, str]:
        wrong = {}
        if self.starts_at is None:
            wrong["starts_at"] = "Say when it begins, or give cron text for one that comes again."
        if self.ends_at is None:
            wrong["ends_at"] = "Say when it ends, or give cron text for one that comes again."
        if self.duration is not None:
            wrong["duration"] = "This is for windows that come again; give the end instead."
        return wrong


class HolidayCalendar(models.Model):
    """Days on which no backups are expected, on the clock of the hub that is judged."""

    name = models.CharField(max_length=80, unique=True, validators=[validators.one_line])
    days = models.TextField(
        blank=True,
        help_text="One to a line: 2026-12-25, or 2026-12-24..2027-01-02, or 12-25 for every year. "
        "What follows # is its name.",
    )
    hubs = models.ManyToManyField(Hub, blank=True, related_name="calendars")
    nodes = models.ManyToManyField(Node, blank=True, related_name="calendars")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse lines that are no days."""
        self.days = tidy_days(self.days)
        try:
            parse_days(self.days)
        except ValueError as problem:
            raise ValidationError({"days": str(problem)}) from None


class Repo(models.Model):
    """One SCM instance of a hub; found by collecting, chosen in the admin."""

    hub = models.ForeignKey(Hub, models.CASCADE, related_name="repos")
    category = models.CharField(max_length=1000)
    name = models.CharField(max_length=1000)
    selected = models.BooleanField(
        default=False, help_text="Judge it. While no repo of a hub is selected, all are judged."
    )

    class Meta:
        ordering = ["category", "name"]
        constraints = [
            models.UniqueConstraint(fields=["hub", "category", "name"], name="one_repo_a_name")
        ]

    def __str__(self) -> str:
        return f"{self.hub.tag} {self.path}"

    @property
    def path(self) -> str:
        """`category/name`, in the reversible text form of `hubs.names`."""
        return f"{self.category}/{self.name}"


def judged(repos: Iterable[Repo]) -> list[Repo]:
    """Return those of a hub's repos that are judged: the selected ones, or all where none is selected."""
    all_repos = list(repos)
    return [repo for repo in all_repos if repo.selected] or all_repos


class Policy(models.Model):
    """The limits and expectations of one hub, or of one repo over those of its hub; empty means not set."""

    class Sidecar(models.TextChoices):
        """Whether a tarball must have its sidecar."""

        REQUIRED = "required"
        OPTIONAL = "optional"
        NONE = "none"

    hub = models.OneToOneField(Hub, models.CASCADE, null=True, blank=True, related_name="policy")
    repo = models.OneToOneField(Repo, models.CASCADE, null=True, blank=True, related_name="policy")
    cadence = models.CharField(
        max_length=80,
        blank=True,
        validators=[validators.cadence],
        help_text="auto (learned), a duration such as 1d, or cron text in the hub's zone such as 47 10 * * *",
    )
    grace = models.DurationField(
        null=True,
        blank=True,
        validators=[validators.not_negative],
        help_text="How late a tarball may be.",
    )
    expected_per_day = models.PositiveIntegerField(null=True, blank=True)
    extensions = models.CharField(
        max_length=100,
        blank=True,
        validators=[validators.extensions],
        help_text="What tarballs end in, with spaces between. Default: .tar.gz",
    )
    sidecar = models.CharField(max_length=8, blank=True, choices=Sidecar.choices)
    sidecar_deadline = models.DurationField(
        null=True,
        blank=True,
        validators=[validators.not_negative],
        help_text="How long a tarball without its sidecar counts as in transfer.",
    )
    shrink_max = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent by which a tarball may be smaller than those before. Empty: learned.",
    )
    grow_max = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Percent by which a tarball may be larger than those before. Empty: learned.",
    )
    keep_min = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    keep_max = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    copies = models.PositiveIntegerField(
        null=True, blank=True, help_text="Replicas that must hold each tarball."
    )
    sites = models.PositiveIntegerField(
        null=True, blank=True, help_text="Different sites that must hold each tarball."
    )
    copy_within = models.DurationField(
        null=True,
        blank=True,
        validators=[validators.positive],
        help_text="How far a copy may be behind the source. Empty: learned.",
    )
    verified_within = models.DurationField(null=True, blank=True, validators=[validators.positive])
    lock_max_age = models.DurationField(null=True, blank=True, validators=[validators.positive])
    free_space_min = models.CharField(
        max_length=20, blank=True, validators=[validators.free_space], help_text="10% or 50GB"
    )
    days_to_full = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Told when the file system would be full in fewer days. 0: never.",
    )
    look_within = models.DurationField(
        null=True,
        blank=True,
        validators=[validators.positive],
        help_text="How old the last complete look may be.",
    )
    alert_after = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Looks that must agree before a finding opens.",
    )
    remind_every = models.DurationField(
        null=True,
        blank=True,
        validators=[validators.positive],
        help_text="How often people are reminded of what is open and unanswered.",
    )
    messages_per_day = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How often at most, in 24 hours, the coming and going of one finding is told.",
    )

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hub=None, repo__isnull=False)
                | models.Q(hub__isnull=False, repo=None),
                name="policy_of_a_hub_or_of_a_repo",
            )
        ]

    def __str__(self) -> str:
        return f"policy of {self.hub or self.repo}"

    def layer(self) -> dict[str, Any]:
        """Return its fields by the names that `Limits` has."""
        return {name: getattr(self, name) for name in LIMIT_NAMES}


def policy_layer(owner: Hub | Repo) -> dict[str, Any] | None:
    """Return what a hub's or repo's policy row sets, or None where it has none."""
    policy: Policy | None = getattr(owner, "policy", None)
    return policy.layer() if policy else None
