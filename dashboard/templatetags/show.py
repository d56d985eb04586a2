"""`{% load show %}`: values in templates as `dashboard.wording` says them, with the exact value beside."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import wording

register = template.Library()

register.filter("exact_bytes", wording.exact_bytes)
register.filter("size", wording.size)
register.filter("span", wording.span)
register.filter("clock", wording.clock)
register.filter("sidecar", wording.sidecar)
register.filter("unknown_since", wording.unknown_since)


@register.filter
def code(text: str) -> str:
    """Return the code of a rule or status as words: clock skew."""
    return text.replace("_", " ")


@register.simple_tag
def ago(at: datetime | None, now: datetime) -> str | SafeString:
    """Show how long ago a moment was, with the moment itself as the hover text."""
    if at is None:
        return "never"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        wording.moment(at),
        wording.age(at, now),
    )


@register.simple_tag
def moment(at: datetime | None, zone: ZoneInfo | None = None) -> str | SafeString:
    """Show a moment in UTC, and in a hub's zone when one is given."""
    if at is None:
        return "never"
    there = f" ({wording.moment_there(at, zone)})" if zone and str(zone) != "UTC" else ""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), wording.moment(at) + there)


@register.simple_tag
def bytes_of(size_bytes: int | None) -> str | SafeString:
    """Show a size in three digits, with the bytes as the hover text."""
    if size_bytes is None:
        return "unknown"
    return format_html(
        '<span class="number" title="{}">{}</span>',
        wording.exact_bytes(size_bytes),
        wording.size(size_bytes),
    )


@register.inclusion_tag("_badge.html")
def badge(state: str, words: str = "") -> dict[str, str]:
    """Show a state as a shape, a colour and a word."""
    return {"state": state, "words": words or state}


@register.simple_tag
def query(given: QueryDict, **changes: object) -> str:
    """Return the query string of a page with some fields changed; None drops one."""
    changed = given.copy()
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = str(value)
    return f"?{changed.urlencode()}"
