"""Takes a finding and a moment, gives in words how it is or was silenced, and by whom. Pure."""

from datetime import datetime

from dashboard.wording import moment
from probes.models import Finding


def silenced(finding: Finding, now: datetime) -> str:
    """Return the words for an acknowledgement: Snoozed until 2026-11-21 22:13 UTC; empty where there is none."""
    if finding.acknowledged_at is None:
        return ""
    until = finding.acknowledged_until
    stands = finding.closed_at is None and finding.is_muted(now)
    if until is None:
        return "Acknowledged" if stands else "Was acknowledged"
    return f"{'Snoozed' if stands else 'Was snoozed'} until {moment(until)}"


def silencer(finding: Finding) -> str:
    """Return who did; the log of answers still has the name of one whose account is gone."""
    who = finding.acknowledged_by
    return who.get_username() if who else "somebody whose account is gone"
