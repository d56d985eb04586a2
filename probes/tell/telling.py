"""Tells people of findings: compares what each says with what was told of it, and puts the message into the outbox.

That something was told is stored with the message in one transaction, so a change is told once, however often this
runs, and whenever something ended before it could be told, the next run does. Nothing is sent here.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from alerts.context import Context
from alerts.message import Kind, Picture, worst
from alerts.models import Notification, Route
from alerts.outbox import Addressee, addressees, post, reached_by
from hubs.limits import Limits, limits_from
from hubs.models import Hub, policy_layer
from probes.change import Change
from probes.judge.conclusion import conclusions
from probes.models import CollectRun, Finding, Severity, Telling
from probes.tell.changes import (
    CLOSED,
    COMING_AND_GOING,
    Standing,
    change_of,
    is_last_for_now,
    is_reminded,
)
from probes.tell.memory import FADING, Memory, Told
from probes.tell.messages import HubNow, News, hub_message
from probes.tell.pictures import drawn
from probes.tell.tables import replica_table

log = logging.getLogger("scmmon.tell")

# What is open, and what closed and was not yet said to have.
TO_CONSIDER = Q(closed_at=None) | ~Q(told_as__in=["", CLOSED])


def tell_hub(hub: Hub, context: Context, now: datetime) -> list[Notification]:
    """Put into the outbox what people are to be told of a hub's findings; return it.

    One message holds all that changed since the last one; another reminds of what is open, and one for each route of
    escalation tells further people.
    """
    with transaction.atomic():
        Hub.objects.select_for_update().get(pk=hub.pk)  # one teller of a hub writes at a time
        as_it_is_now = Hub.objects.select_related("policy").get(pk=hub.pk)
        teller = _Teller(as_it_is_now, context, now)
        told = [teller.changes(), teller.reminders(), *teller.escalations()]
    return [notification for notification in told if notification]


def hubs_to_tell_of() -> list[Hub]:
    """Return the hubs of which something is open, or over and not yet told."""
    findings = Finding.objects.filter(TO_CONSIDER).order_by().values("hub")
    return list(Hub.objects.filter(pk__in=findings))


def is_unheard(hub: Hub, now: datetime) -> bool:
    """Say whether something bad is open that nobody was told of, as no route leads to anybody, however bad it is."""
    untold = Finding.objects.open().filter(
        hub=hub, told_as="", severity__in=[Severity.ALARM, Severity.WARN]
    )
    is_bad = any(not finding.is_muted(now) for finding in untold)
    return is_bad and not addressees(hub, Severity.ALARM)


class _Teller:
    """What is told of one hub at one moment."""

    def __init__(self, hub: Hub, context: Context, now: datetime) -> None:
        self.hub, self.context, self.now = hub, context, now
        _settle_told_in_others(hub)
        self.findings = list(_to_consider(hub))
        self.limits = _limits_of(hub, self.findings)
        self.memory = Memory(self.findings)

    def changes(self) -> Notification | None:
        """Tell what opened, closed, or became worse or better."""
        news = [
            News(finding, change, is_last_for_now(standing, limits, self.now))
            for finding, standing, limits in self._standings()
            if (change := change_of(standing, limits, self.now))
        ]
        return self._tell(Kind.CHANGE, news, self._told_at_once(news))

    def _told_at_once(self, news: Sequence[News]) -> list[Addressee]:
        """Return who is told without delay, and whoever was drawn in by escalation."""
        severities = [one.severity for one in news]
        routes: set[int] = set()
        for one in news:
            routes |= self.memory.escalated_over(one.finding)
            if one.change in FADING:
                severities += self.memory.severities(one.finding)
        return addressees(self.hub, worst(severities), escalated=routes) if news else []

    def reminders(self) -> Notification | None:
        """Remind of all that was told, is open and unanswered, once the first of them is due."""
        standings = list(self._standings())
        if not any(is_reminded(standing, limits, self.now) for _, standing, limits in standings):
            return None
        news = [
            News(finding, Change.REMINDER)
            for finding, standing, _ in standings
            if standing.is_open and not standing.is_muted and standing.told_as == standing.severity
        ]
        return self._tell(Kind.REMINDER, news, self._told_at_once(news))

    def escalations(self) -> Iterable[Notification | None]:
        """Tell further people what is open and unanswered for as long as their route says."""
        for route in Route.in_force(self.hub):
            news = list(self._unanswered(route, route.after)) if route.after else []
            if not news:
                continue
            heard = self.memory.escalated_to()
            to = [
                one
                for one in reached_by([route.channel], self.hub)
                if any((each.finding.pk, one.whom) not in heard for each in news)
            ]
            yield self._tell(Kind.ESCALATION, news, to, route)

    def _unanswered(self, route: Route, after: timedelta) -> Iterable[News]:
        """Give what a route of escalation is to tell, and did not yet."""
        for finding, standing, _ in self._standings():
            if (
                standing.is_open
                and not standing.is_muted
                and route.covers(finding.severity)
                and self.memory.unanswered_since(finding) <= self.now - after
                and route.pk not in self.memory.escalated_over(finding)
            ):
                yield News(finding, Change.ESCALATION)

    def _standings(self) -> Iterable[tuple[Finding, Standing, Limits]]:
        for finding in self.findings:
            ended_at = finding.acknowledged_until
            standing = Standing(
                severity=finding.severity,
                is_open=finding.closed_at is None,
                is_muted=finding.is_muted(self.now),
                told_as=finding.told_as,
                told_at=finding.told_at,
                mute_ended_at=ended_at if ended_at and ended_at <= self.now else None,
                coming_and_going=self.memory.coming_and_going(finding),
            )
            yield finding, standing, self.limits[finding.repo_id]

    def _tell(
        self,
        kind: Kind,
        news: Sequence[News],
        to: Sequence[Addressee],
        route: Route | None = None,
    ) -> Notification | None:
        """Store a message and that it was told; None where there is no news, or nobody to tell it to."""
        if not news or not to:
            return None
        pictures = self._pictures(news)
        message = hub_message(
            kind, news, self._hub_now(news), list(pictures), self.context, self.now
        )
        png = {picture.name: png for picture, png in pictures.items()}
        notification = post(message, to, self.now, hub=self.hub, pictures=png)
        self._note(notification, news, route)
        return notification

    def _hub_now(self, news: Sequence[News]) -> HubNow:
        runs = [run for one in news if isinstance(run := one.finding.evidence.get("run"), int)]
        found_by = CollectRun.objects.filter(pk__in=runs, replica__hub=self.hub)
        return HubNow(
            self.hub,
            conclusions([self.hub], self.now)[self.hub.pk],
            replica_table(self.hub, self.now),
            [finding for finding in self.findings if finding.closed_at is None],
            list(found_by.select_related("replica__node", "replica__hub").order_by("pk")),
        )

    def _pictures(self, news: Sequence[News]) -> Mapping[Picture, bytes]:
        """Draw the replicas in the news; what cannot be drawn is left out, the message goes all the same."""
        try:
            with transaction.atomic():
                return drawn(self.hub, [one.finding for one in news], self.now)
        except DatabaseError:
            raise
        except Exception:
            log.exception("the plot for a message about hub %s could not be drawn", self.hub.tag)
            return {}

    def _note(self, notification: Notification, news: Sequence[News], route: Route | None) -> None:
        """Store what was told, here and in the rows that are read again in this round."""
        Telling.objects.bulk_create(
            Telling(
                finding=one.finding,
                notification=notification,
                change=str(one.change),
                severity=one.severity,
                at=self.now,
                route=route,
            )
            for one in news
        )
        for one in news:
            finding = one.finding
            told = Told(one.change, one.severity, self.now, route.pk if route else None)
            self.memory.note(finding, told)
            if one.change in COMING_AND_GOING or not finding.told_as:
                finding.told_as = CLOSED if one.change == Change.CLOSED else finding.severity
            # To those who were told before, an escalation to others is no reminder.
            if route is None or finding.told_at is None:
                finding.told_at = self.now
        Finding.objects.bulk_update(
            [one.finding for one in news], ["told_as", "told_at"], batch_size=200
        )


def _settle_told_in_others(hub: Hub) -> None:
    """Note as over what another finding tells from now on: that is no recovery."""
    told_on = Finding.objects.filter(hub=hub, closed_at__isnull=False, told_in__isnull=False)
    told_on.exclude(told_as__in=["", CLOSED]).update(told_as=CLOSED)


def _to_consider(hub: Hub) -> QuerySet[Finding]:
    """Return what is open, and what closed and was not yet said to have."""
    return (
        Finding.objects.filter(TO_CONSIDER, hub=hub)
        .select_related("hub", "repo", "replica__node", "acknowledged_by")
        .order_by("opened_at", "pk")
    )


def _limits_of(hub: Hub, findings: Iterable[Finding]) -> Mapping[int | None, Limits]:
    """Return the limits of each repo that a finding is about, and under None those of the hub."""
    of_hub = policy_layer(hub)
    limits: dict[int | None, Limits] = {None: limits_from(of_hub)}
    repos = hub.repos.filter(pk__in={finding.repo_id for finding in findings if finding.repo_id})
    for repo in repos.select_related("policy"):
        limits[repo.pk] = limits_from(of_hub, policy_layer(repo))
    return limits
