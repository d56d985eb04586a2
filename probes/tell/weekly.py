"""The weekly message: how every hub is, even when all is well, so that nobody takes silence for good news."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, OuterRef, Q, Subquery

from alerts.context import Context
from alerts.failures import tell_failure
from alerts.message import (
    Block,
    Cell,
    Entries,
    Entry,
    Facts,
    Kind,
    Message,
    Table,
    Tone,
    Verbatim,
)
from alerts.models import Channel, Delivery, DeliveryStatus, Notification, Route
from alerts.outbox import Addressee, post
from hubs.models import Hub
from probes.draw.scales import size_text
from probes.draw.series import judged_repos
from probes.judge import wording
from probes.judge.conclusion import Conclusion, conclusions
from probes.judge.history import replica_pasts
from probes.judge.replica_rules import filling
from probes.models import CollectRun, Finding, TarballSnapshot
from probes.tell.links import page_of

log = logging.getLogger("scmmon.tell")

WEEK = timedelta(days=7)
COLUMNS = ("Hub", "State", "Newest backup", "Size, and growth in a week", "Proved", "Disk")
WORST_FIRST = (Tone.ALARM, Tone.UNKNOWN, Tone.WARN, Tone.OK)


def reassure(context: Context, now: datetime) -> list[Notification]:
    """Put the weekly messages that are due into the outbox; return them. One that fails keeps no other."""
    sent = []
    for channel in Channel.objects.filter(enabled=True, weekly_on__isnull=False):
        try:
            with transaction.atomic():
                # One process at a time.
                locked = Channel.objects.select_for_update().filter(pk=channel.pk).first()
                sent += _reassure_over(locked, context, now) if locked else []
        except Exception as problem:
            what = f"writing the weekly message for {channel}"
            log.exception("%s failed", what)
            tell_failure(what, problem, now, again=("judge",))
    return sent


def _reassure_over(channel: Channel, context: Context, now: datetime) -> list[Notification]:
    hubs_of = _hubs_by_recipient(channel)
    if not _is_due(channel, {hub for hubs in hubs_of.values() for hub in hubs}, now):
        return []
    alike: dict[tuple[Hub, ...], list[Addressee]] = defaultdict(list)
    for recipient, hubs in hubs_of.items():
        alike[tuple(hubs)].append(Addressee(channel, recipient))
    return [
        post(weekly_message(same_hubs, channel, context, now), to, now)
        for same_hubs, to in alike.items()
    ]


def _hubs_by_recipient(channel: Channel) -> dict[str, list[Hub]]:
    """Return the hubs that each recipient of a channel is told of."""
    routes = list(Route.objects.filter(channel=channel, enabled=True).select_related("hub"))
    hubs = Hub.objects.filter(replicas__enabled=True).distinct().select_related("policy")
    if all(route.hub_id for route in routes):
        hubs = hubs.filter(pk__in=[route.hub_id for route in routes])
    found: dict[str, list[Hub]] = defaultdict(list)
    for hub in hubs:
        for recipient in channel.recipients(hub):
            found[recipient].append(hub)
    return found


def _is_due(channel: Channel, hubs: Iterable[Hub], now: datetime) -> bool:
    """Say whether the channel's weekday began since its last weekly message, or since the first look ever."""
    before = Notification.objects.filter(kind=Kind.REASSURANCE, deliveries__channel=channel)
    since = before.aggregate(at=Max("created_at"))["at"]
    if since is None:
        looks = CollectRun.objects.filter(replica__hub__in=list(hubs))
        since = looks.aggregate(at=Min("started_at"))["at"]
    return since is not None and since < _weekday_began(channel, now)


def _weekday_began(channel: Channel, now: datetime) -> datetime:
    """Return when the channel's weekday last began, on the clock of its zone."""
    today = now.astimezone(channel.zone).date()
    days_back = (today.weekday() - (channel.weekly_on or 0)) % 7
    return datetime.combine(today - timedelta(days=days_back), time(), channel.zone)


def weekly_message(
    hubs: Sequence[Hub], channel: Channel, context: Context, now: datetime
) -> Message:
    """Return how some hubs are: state, newest backup, growth, proofs and forecasts."""
    concluded = conclusions(hubs, now)
    ranked = sorted(hubs, key=lambda hub: WORST_FIRST.index(Tone(concluded[hub.pk].state)))
    state = concluded[ranked[0].pk].state
    counts = _counts([concluded[hub.pk].state for hub in ranked])
    blocks: list[Block] = [
        Table("Hubs", COLUMNS, tuple(_row(hub, concluded[hub.pk], now) for hub in ranked)),
        *_entries(ranked, concluded),
        *_silenced(ranked, now),
        _ourselves(hubs, channel, now),
        context.facts(),
        Verbatim("To see it now", "manage.py status"),
    ]
    return Message(
        kind=Kind.REASSURANCE,
        severity=Tone.NOTICE,
        tone=state,
        subject=f"scmmon weekly: {counts}",
        conclusion=f"scmmon is alive and watches {wording.number(len(hubs), 'hub')}: {counts}, "
        f"at {wording.moment(now, channel.zone)}.",
        blocks=tuple(blocks),
        link=f"{settings.SCMMON_SITE_URL}/",
        facts={"hubs": {hub.tag: concluded[hub.pk].state for hub in ranked}},
    )


def _counts(states: Sequence[str]) -> str:
    if set(states) == {Tone.OK}:
        return "all is well"
    return ", ".join(
        f"{states.count(state)} {state}" for state in WORST_FIRST if states.count(state)
    )


def _row(hub: Hub, conclusion: Conclusion, now: datetime) -> tuple[Cell, ...]:
    newest = conclusion.newest_stamp_at
    return (
        Cell(str(hub)),
        Cell(conclusion.state, Tone(conclusion.state)),
        Cell(wording.moment(newest, hub.zone) if newest else "none"),
        Cell(_growth(hub, now)),
        Cell(_proofs(hub, now)),
        Cell(_forecast(hub, now)),
    )


def _entries(hubs: Iterable[Hub], concluded: dict[int, Conclusion]) -> Iterator[Block]:
    yield Entries(
        "In words",
        tuple(
            Entry(
                concluded[hub.pk].text,
                f"{hub}: {concluded[hub.pk].state}",
                Tone(concluded[hub.pk].state),
                page_of(hub),
            )
            for hub in hubs
        ),
    )


def _silenced(hubs: Sequence[Hub], now: datetime) -> Iterator[Block]:
    """Give what somebody acknowledged or snoozed, so that no silence is forgotten."""
    muted = [
        finding
        for finding in Finding.objects.open()
        .filter(hub__in=hubs, acknowledged_at__isnull=False)
        .select_related("hub", "acknowledged_by")
        if finding.is_muted(now)
    ]
    if muted:
        yield Entries("Acknowledged or snoozed", tuple(_muted_entry(finding) for finding in muted))


def _muted_entry(finding: Finding) -> Entry:
    until = finding.acknowledged_until
    lasts = f"until {wording.moment(until, finding.hub.zone)}" if until else "until it closes"
    return Entry(
        finding.message,
        f"{finding.hub.tag} {finding.severity}, silenced {lasts}",
        Tone(finding.severity),
        page_of(finding),
        (f"{finding.acknowledged_by or 'somebody'}: {finding.acknowledged_reason}",),
    )


def _ourselves(hubs: Sequence[Hub], channel: Channel, now: datetime) -> Facts:
    """Return what scmmon itself did in the last week."""
    looks = CollectRun.objects.ended().filter(
        replica__hub__in=hubs, started_at__range=(now - WEEK, now)
    )
    complete = looks.complete().count()
    week = Delivery.objects.filter(channel=channel, notification__created_at__gt=now - WEEK)
    taken = week.filter(status=DeliveryStatus.SENT).count()
    confirmed_at = channel.confirmed_at
    return Facts(
        "What scmmon did this week",
        (
            ("Looks", f"{looks.count():,}, of which {complete:,} complete"),
            (f"Messages over {channel}", f"{taken} taken, {week.undelivered().count()} not yet"),
            (
                "Last confirmed by a reader",
                wording.moment(confirmed_at, channel.zone) if confirmed_at else "never",
            ),
        ),
    )


def _growth(hub: Hub, now: datetime) -> str:
    """Return what the newest tarballs of the judged repos weigh together, and how much more than a week before."""
    replica = hub.replicas.filter(enabled=True).order_by("-role", "pk").first()  # a source first
    tarballs = TarballSnapshot.objects.filter(repo=OuterRef("pk"), replica=replica)
    newest = tarballs.order_by("-stamp_at").values("size_bytes")
    repos = hub.repos.filter(pk__in=[repo.pk for repo in judged_repos(hub)])
    sizes = repos.annotate(
        size_now=Subquery(newest.filter(stamp_at__lte=now)[:1]),
        size_then=Subquery(newest.filter(stamp_at__lte=now - WEEK)[:1]),
    ).values_list("size_now", "size_then")
    known = [(after, before) for after, before in sizes if after is not None]
    if not known:
        return "nothing was seen yet"
    total = sum(after for after, _ in known)
    both = [(after, before) for after, before in known if before]
    before_total = sum(before for _, before in both)
    if not before_total:
        return size_text(total)
    growth = sum(after for after, _ in both) / before_total - 1
    return f"{size_text(total)}, {growth:+.1%}"


def _proofs(hub: Hub, now: datetime) -> str:
    """Return how many of the tarballs that are there were read again, and when the last of them was."""
    there = TarballSnapshot.objects.filter(replica__hub=hub, gone_at=None)
    found = there.aggregate(
        proved=Count("pk", filter=Q(verified_verdict="good")), last=Max("verified_at")
    )
    if not found["last"]:
        return "none was read again yet"
    return f"{found['proved']}, last {wording.moment(found['last'], hub.zone)}"


def _forecast(hub: Hub, now: datetime) -> str:
    """Return which disk is full first, if they go on filling up as they have."""
    pasts = replica_pasts(hub, hub.limits(), now)
    found = [
        (speed.days_left, replica.label)
        for replica in pasts
        if replica.complete and (speed := filling(replica, replica.complete))
    ]
    if not found:
        return "none is filling up"
    days, label = min(found)
    return f"{label} full in {wording.number(round(days), 'day')}"
