"""An estate in which every page has something to show, and the addresses of those pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing

from alerts.confirming import SALT
from alerts.models import Channel, Delivery, NotificationPicture
from alerts.parcel import Result
from hubs.models import Hub, Maintenance, Node, Replica
from hubs.names import to_text
from probes.models import CollectRun, Finding, RunStatus, SidecarState, TarballSnapshot
from tests.estate import DAY, HOUR, lay_snapshots, make_hub, make_replica, make_repo, make_run
from tests.findings import make_user, open_finding
from tests.messages import hostile_message, plot_png
from tests.months import sum_up
from tests.told import ADDRESS, make_channel, make_message, make_route, tell, try_it

HOSTILE = to_text(b"<img src=x onerror=alert(1)>\xe2\x80\xae\"'&lt;")
ENDLESS = "x" * 900  # as long as a name may be with its category
REPOS = [
    "tracs/env",
    "tracs/bitten",
    "svn/dybsvn",
    "svn/aberdeen",
    "folders/svnsetup",
    "git/offline",
]
DAYS = 70


@dataclass(frozen=True)
class Gallery:
    """What the addresses of pages name."""

    hub: Hub
    hostile: Hub
    finding: Finding
    run: CollectRun
    notification: int
    hostile_notification: int
    confirm_token: str

    def addresses(self) -> dict[str, str]:
        """Return the address of every page of the dashboard by a name for it."""
        finding, run = self.finding.pk, self.run.pk
        return {
            "index": "/",
            "hub": "/hubs/C2/",
            "hub-past": f"/hubs/C2/?day={self.run.started_at - 20 * DAY:%Y-%m-%d}",
            "hub-empty": "/hubs/Empty/",
            "hub-unknown": "/hubs/Unseen/",
            "hub-hostile": "/hubs/Odd/",
            "node": "/hubs/C2/Z9:229/",
            "node-unreachable": "/hubs/C2/mirror/",
            "repo": "/repos/C2/tracs/env/",
            "repo-hostile": f"/repos/Odd/svn/{ENDLESS}/",
            "findings": "/findings/",
            "findings-none": "/findings/?hub=Empty",
            "finding": f"/findings/{finding}/",
            "runs": "/runs/",
            "run": f"/runs/{run}/",
            "messages": "/notifications/",
            "message": f"/notifications/{self.notification}/",
            "message-hostile": f"/notifications/{self.hostile_notification}/",
            "confirm": f"/confirm/{self.confirm_token}/",
            "tokens": "/tokens/",
            "api-docs": "/api/docs/",
            "not-found": "/hubs/nowhere/",
        }


def lay_gallery(now: datetime) -> Gallery:
    """Store hubs that are well and unwell, unknown, empty and hostile, with what was told of them."""
    hub = make_hub("C2", "Asia/Taipei", expected_per_day=1)
    hub.title, hub.message = "Daya Bay at NTU", "Tapes are changed on Mondays."
    hub.report_url = "https://www.example.org/backups"
    hub.save()
    source, run = _source(hub, now)
    _copies(hub, now)
    Maintenance.objects.create(
        hub=hub,
        starts_at=now + DAY,
        ends_at=now + DAY + 4 * HOUR,
        reason="New disks",
        author="olga",
    )
    findings = list(_findings(hub, source, now))
    well = make_replica(make_hub("WW"), "attic")
    lay_snapshots(well, "git/papers", _nightly(now, 30))
    sum_up(well)
    make_run(well, now - HOUR)
    make_hub("Empty")
    make_replica(make_hub("Unseen"), "cellar")
    told, hostile_told = _messages(hub, findings, now)
    return Gallery(
        hub, _hostile(now), findings[0], run, told, hostile_told,
        signing.dumps(Delivery.objects.order_by("pk")[0].pk, salt=SALT),
    )  # fmt: skip


def _nightly(now: datetime, count: int = DAYS) -> list[datetime]:
    return [now - number * DAY - 5 * HOUR for number in reversed(range(count))]


def _lay_repos(replica: Replica, now: datetime) -> None:
    """Store tarballs that grow night by night, each repo in its own size; of one the newest was cut."""
    for rank, path in enumerate(REPOS):
        tarballs = lay_snapshots(replica, path, _nightly(now))
        for night, tarball in enumerate(tarballs):
            tarball.size_bytes = 40_000_000 // 4**rank + night * (900_000 // 4**rank)
        if path == "svn/dybsvn":
            tarballs[-1].size_bytes = 4_096
        TarballSnapshot.objects.bulk_update(tarballs, ["size_bytes"])
    ours = TarballSnapshot.objects.filter(replica=replica)
    ours.filter(stamp_at__lt=now - 40 * DAY).update(gone_at=now - 10 * DAY)
    newest = ours.filter(repo__name="env").latest("stamp_at")
    newest.verified_level, newest.verified_verdict, newest.verified_at = "archive", "good", now
    newest.save()
    ours.filter(repo__name="bitten", stamp_at__gt=now - DAY).update(
        sidecar_state=SidecarState.ABSENT, sidecar_kind="", sidecar_digest=""
    )
    sum_up(replica)


def _source(hub: Hub, now: datetime) -> tuple[Replica, CollectRun]:
    source = make_replica(hub, "Z9:229", root="/var/scm/backup/cms02")
    _lay_repos(source, now)
    for night in range(25):
        make_run(source, now - night * DAY - HOUR / 2, free_bytes=10**12, total_bytes=3 * 10**12)
    run = make_run(source, now - HOUR / 2, free_bytes=10**12, total_bytes=3 * 10**12, seen=186,
                   new=6, seen_bytes=10**10, command="ssh scm@vault find /var/scm/backup/cms02",
                   clock_skew_seconds=1.4, method="gnu", bytes_received=20_000)  # fmt: skip
    return source, run


def _copies(hub: Hub, now: datetime) -> None:
    vault = make_replica(hub, "vault", "copy")
    _lay_repos(vault, now - DAY)
    make_run(vault, now - HOUR)
    mirror = make_replica(hub, "mirror", "copy")
    _lay_repos(mirror, now - 3 * DAY)
    make_run(mirror, now - 3 * DAY)
    make_run(
        mirror,
        now - HOUR,
        RunStatus.UNREACHABLE,
        error="connect: no route to host",
        stage="connect",
    )
    make_replica(hub, "retired", "copy", enabled=False)
    Node.objects.filter(tag="vault").update(site="IHEP")


def _findings(hub: Hub, source: Replica, now: datetime) -> Iterator[Finding]:
    cut = make_repo(hub, "svn/dybsvn")
    yield open_finding(
        hub, "shrunk", replica=source, repo=cut, severity="alarm", opened_at=now - HOUR,
        message="svn/dybsvn on Z9:229 has 4,096 bytes; its tarballs lately had 2,500,000.",
        evidence={"size_bytes": 4096, "usual_bytes": 2_500_000}, confirmed_at=now,
    )  # fmt: skip
    yield open_finding(
        hub, "unreachable", replica=hub.replicas.get(node__tag="mirror"), severity="alarm",
        opened_at=now - 2 * DAY, message="mirror cannot be reached: no route to host.",
    )  # fmt: skip
    yield open_finding(
        hub, "disk_low", replica=source, severity="warn", opened_at=now - 5 * DAY,
        message="9 % of the disk of Z9:229 is free.", acknowledged_by=make_user("olga"),
        acknowledged_at=now - DAY, acknowledged_reason="New disks come on Tuesday.",
    )  # fmt: skip
    for night in range(120):
        yield open_finding(
            hub, "overdue", replica=source, repo=make_repo(hub, "tracs/env"), severity="notice",
            subject=f"night {night}", opened_at=now - night * DAY - HOUR,
            closed_at=now - night * DAY, message=f"tracs/env was late, {night} nights ago.",
        )  # fmt: skip


def _hostile(now: datetime) -> Hub:
    hub = make_hub("Odd")
    hub.title, hub.message = HOSTILE, ENDLESS
    hub.save()
    replica = make_replica(hub, "odd", root=f"/{HOSTILE}/{ENDLESS}")
    for name in (HOSTILE, ENDLESS):
        lay_snapshots(replica, f"svn/{name}", _nightly(now, 8))
    sum_up(replica)
    make_run(replica, now - HOUR, error=HOSTILE, noise=ENDLESS * 4)
    repo = make_repo(hub, f"svn/{ENDLESS}")
    open_finding(hub, "shrunk", replica=replica, repo=repo, message=f"{HOSTILE} {'y' * 4096}")
    return hub


def _messages(hub: Hub, findings: list[Finding], now: datetime) -> tuple[int, int]:
    Channel.objects.all().delete()
    channel = make_channel(addresses=[ADDRESS], weekly_on=0)
    make_route(channel)
    message = make_message(hub, channel, at=now - HOUR)
    NotificationPicture.objects.create(notification=message, name="plot-7", png=plot_png())
    try_it(message.deliveries.get(), Result.LATER, "451 greylisted")
    tell(message, findings[:2])
    hostile = make_message(hub, channel, message=hostile_message(), at=now - timedelta(minutes=5))
    try_it(hostile.deliveries.get(), Result.REFUSED, HOSTILE)
    return message.pk, hostile.pk
