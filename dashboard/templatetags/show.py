"""`{% load show %}`: values in templates as `dashboard.wording` says them, with the exact value beside."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.http import QueryDict
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import wording
from dashboard.lists.sorting import Sorting

register = template.Library()

LONG_NAME = 60  # characters; more of them may be cut for the eye
LONG_TEXT = 400

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
def version() -> str:
    """Name the program that made a page."""
    return f"scmmon {settings.SCMMON_VERSION}"


@register.simple_tag
def named(name: str, most: int = LONG_NAME) -> SafeString:
    """Show a name that a node or a person gave: apart from the text around it, and a long one cut for the eye.

    The whole of it stays in the page, and is its hover text.
    """
    if len(name) <= most:
        return format_html("<bdi>{}</bdi>", name)
    return format_html('<bdi class="cut" title="{}">{}</bdi>', name, name)


@register.simple_tag
def said(text: str, most: int = LONG_TEXT) -> SafeString:
    """Show a sentence in which such names may stand; a long one is cut for the eye after some lines."""
    if len(text) <= most:
        return format_html("<bdi>{}</bdi>", text)
    return format_html('<bdi class="cut text" title="{}">{}</bdi>', text, text)


@register.inclusion_tag("_head.html", takes_context=True)
def heading(context: Context, key: str, words: str, kind: str = "") -> dict[str, Any]:
    """Show the heading of a column: a link that sorts by it, where the list can be sorted by it."""
    sorting: Sorting | None = context.get("sorting")
    if sorting is None or key not in sorting.columns:
        return {"words": words, "kind": kind}
    return {
        "words": words,
        "kind": kind,
        "way": sorting.way(key),
        "address": query(context["request"].GET, sort=sorting.next(key), page=None),
    }


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


@register.inclusion_tag("_used_bar.html")
def used_bar(free_bytes: int, total_bytes: int) -> dict[str, int]:
    """Draw how much of a disk is used; what a node claims need not make sense."""
    return {"percent": max(0, min(100, round(100 * (1 - free_bytes / total_bytes))))}
