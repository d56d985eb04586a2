"""What people were told of findings so far, read once for a hub: when, of what, as how bad, by which escalation."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.message import Kind
from alerts.models import Delivery
from probes.change import Change
from probes.models import Finding, Telling
from probes.tell.changes import CLOSED, COMING_AND_GOING

FADING = (Change.BETTER, Change.CLOSED)
ROSE = (Change.AGAIN, Change.WORSE)


@dataclass(frozen=True)
class Told:
    """One time that people were told of a finding."""

    change: str
    severity: str
    at: datetime
    route_id: int | None  # of an escalation


class Memory:
    """What people were told of some findings."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings = [finding.pk for finding in findings]
        self._told: dict[int, list[Told]] = defaultdict(list)
        rows = Telling.objects.filter(finding__in=self._findings).order_by("at", "pk")
        for pk, change, severity, at, route_id in rows.values_list(
            "finding", "change", "severity", "at", "route"
        ):
            self._told[pk].append(Told(change, severity, at, route_id))

    def note(self, finding: Finding, told: Told) -> None:
        """Remember what has just been told."""
        self._told[finding.pk].append(told)

    def coming_and_going(self, finding: Finding) -> Sequence[tuple[datetime, str]]:
        """Return when its coming and going was told, and as what."""
        return [
            (told.at, CLOSED if told.change == Change.CLOSED else told.severity)
            for told in self._told[finding.pk]
            if told.change in COMING_AND_GOING
        ]

    def severities(self, finding: Finding) -> list[str]:
        """Return as how bad it was ever told: whoever heard that hears that it got better, or is over."""
        return [told.severity for told in self._told[finding.pk]]

    def unanswered_since(self, finding: Finding) -> datetime:
        """Return since when it waits for an answer: when it opened, last came back, or last got worse."""
        rises = [told.at for told in self._told[finding.pk] if told.change in ROSE]
        return max(rises, default=finding.opened_at)

    def escalated_over(self, finding: Finding) -> set[int]:
        """Return the routes of escalation that it took."""
        return {told.route_id for told in self._told[finding.pk] if told.route_id is not None}

    def escalated_to(self) -> set[tuple[int, object]]:
        """Return which findings whoever was told of by escalation: pairs of finding and `Addressee.whom`."""
        deliveries = Delivery.objects.filter(
            notification__kind=Kind.ESCALATION, notification__tellings__finding__in=self._findings
        )
        rows = deliveries.values_list("notification__tellings__finding", "channel", "recipient")
        return {(pk, recipient.casefold() or channel) for pk, channel, recipient in rows}
