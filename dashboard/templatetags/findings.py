"""`{% load findings %}`: how a finding is silenced, and the values of its evidence."""

from datetime import datetime
from typing import Any

from django import template

from dashboard.findings.evidence import Shown
from dashboard.findings.silence import silenced, silencer
from hubs.models import Hub
from probes.models import Finding

register = template.Library()


@register.inclusion_tag("_silence.html")
def silence(finding: Finding, now: datetime, most: int = 500) -> dict[str, Any]:
    """Say that a finding is or was acknowledged or snoozed, by whom and why; nothing where it was not."""
    return {
        "words": silenced(finding, now),
        "by": silencer(finding),
        "reason": finding.acknowledged_reason,
        "most": most,
    }


@register.inclusion_tag("_evidence.html")
def evidence(value: Shown, hub: Hub) -> dict[str, Any]:
    """Show one value of the evidence, with the values in it."""
    return {"value": value, "hub": hub}
