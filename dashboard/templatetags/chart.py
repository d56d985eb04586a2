"""`{% load chart %}`: what the templates of charts need."""

from django import template

from probes.draw.series import RANGE_DAYS

register = template.Library()

LABELS = {"ytd": "YTD", "all": "All"}


@register.simple_tag
def chart_ranges() -> list[tuple[str, str]]:
    """Return the ranges of a chart and what their links say, the first first."""
    return [(name, LABELS.get(name, name)) for name in RANGE_DAYS]
