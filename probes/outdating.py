"""Marks pictures when somebody sets what no look sees: policies, planned times, which repos count, names and time zones."""

from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_delete, post_save

from hubs.models import HolidayCalendar, Hub, Maintenance, Node, Policy, Replica, Repo
from probes.pictures import mark_all

MADE_BY_LOOKS = (Repo,)  # a new one shows nothing yet; who finds tarballs in it marks


def listen() -> None:
    """Hear of every row that is saved or deleted one by one; what changes rows in bulk waits for the looks' check."""
    for model in (Hub, Node, Policy, Maintenance, HolidayCalendar, Repo, Replica):
        for signal in (post_save, post_delete):
            signal.connect(_on_change, sender=model, dispatch_uid=f"pictures of {model.__name__}")
    for through in (HolidayCalendar.hubs.through, HolidayCalendar.nodes.through):
        m2m_changed.connect(_on_link, sender=through, dispatch_uid=f"pictures of {through}")


def _on_change(
    sender: type[Model], instance: Any, raw: bool = False, created: bool = False, **_: Any
) -> None:
    if not raw and not (created and sender in MADE_BY_LOOKS):
        mark_all(_hubs_of(instance))


def _on_link(sender: type[Model], instance: Any, action: str, **_: Any) -> None:
    if action.startswith("post_"):
        mark_all(Hub.objects.all())


def _hubs_of(row: Any) -> QuerySet[Hub]:
    """Return the hubs of which pictures may show something else by a row."""
    match row:
        case Hub():
            return Hub.objects.filter(pk=row.pk)
        case Repo() | Replica():
            return Hub.objects.filter(pk=row.hub_id)
        case Policy(repo_id=int()):
            return Hub.objects.filter(repos=row.repo_id)
        case Policy():
            return Hub.objects.filter(pk=row.hub_id or 0)
        case Node():
            return Hub.objects.filter(replicas__node=row.pk)
    return Hub.objects.all()  # a window too: it may have been that of another hub or node
