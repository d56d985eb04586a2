"""Removes rows together with what hangs on them, in small steps, and counts that beforehand.

Django's own cascade holds every row in memory and the admin lists each on a page; a hub may have a million.
Works through the models' relations, so that it needs to know no app above this one.
"""

from collections.abc import Iterator
from typing import Any

from django.db import models, transaction
from django.db.models import Q

ROWS_AT_ONCE = 5000


def dependent_counts(rows: models.QuerySet[Any]) -> dict[str, int]:
    """Return how many rows of each kind would go with these, by the kind's plural name."""
    conditions: dict[type[models.Model], Q] = {}
    for model, path in _dependents(rows.model):
        reached = Q(**{f"{path}__in": rows.order_by().values("pk")})
        conditions[model] = conditions.get(model, Q()) | reached
    counts = {
        str(model._meta.verbose_name_plural): model._default_manager.filter(condition).count()
        for model, condition in conditions.items()
    }
    return {kind: number for kind, number in counts.items() if number}


def describe_dependents(rows: models.QuerySet[Any]) -> str:
    """Return those counts as text, for instance `12 collect runs, 340 tarball snapshots`."""
    counts = dependent_counts(rows)
    return ", ".join(f"{number} {kind}" for kind, number in counts.items()) or "no history"


@transaction.atomic
def remove(rows: models.QuerySet[Any]) -> None:
    """Delete rows and all that hangs on them."""
    for relation in _cascades(rows.model):
        below = {f"{relation.field.name}__in": rows.order_by().values("pk")}
        remove(relation.related_model._default_manager.filter(**below))
    while keys := list(rows.order_by().values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        rows.model._default_manager.filter(pk__in=keys).delete()


def _dependents(
    model: type[models.Model], path: str = ""
) -> Iterator[tuple[type[models.Model], str]]:
    """Yield each way down from a model: the model at its end, and the lookup that leads back up."""
    for relation in _cascades(model):
        way_up = f"{relation.field.name}__{path}" if path else relation.field.name
        yield relation.related_model, way_up
        yield from _dependents(relation.related_model, way_up)


def _cascades(model: type[models.Model]) -> list[Any]:
    return [
        relation for relation in model._meta.related_objects if relation.on_delete is models.CASCADE
    ]
