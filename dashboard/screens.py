"""What pages have in common: filters of the URL, cutting into pages, and when it was last looked."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import queries
from probes.judge.conclusion import ReplicaState

ROWS_A_PAGE = 100


def page(
    request: HttpRequest,
    template: str,
    now: datetime,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render a page; where it is about no hub in particular, it says when any look was last complete."""
    if "looked_at" not in context:
        context["looked_at"] = queries.newest_complete_look(request.user)
    return render(request, template, {"now": now} | context, status=status)


def cut(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    """Return the rows of the page that the URL asks for."""
    return Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))


def filtered(request: HttpRequest, rows: QuerySet[Any], **fields: str) -> QuerySet[Any]:
    """Keep rows that have the values of the URL; an empty one does not filter."""
    asked = {
        lookup: value for name, lookup in fields.items() if (value := request.GET.get(name, ""))
    }
    return rows.filter(**asked)


def looked(states: Iterable[ReplicaState]) -> dict[str, datetime | None]:
    """Return when one of these replicas was last looked at completely, and when every one had been."""
    moments = [state.complete_run.started_at if state.complete_run else None for state in states]
    complete = [at for at in moments if at]
    every = len(complete) == len(moments)
    return {
        "looked_at": max(complete, default=None),
        "all_looked_at": min(complete, default=None) if every else None,
    }
