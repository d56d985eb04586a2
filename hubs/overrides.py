"""Limits as somebody writes them on a command line or in a form: `grace=3h`, `copies=2`."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models

from hubs.durations import parse_duration
from hubs.limits import LIMIT_NAMES
from hubs.models import Policy


class OverrideError(Exception):
    """What was written sets no limit; the text says what would."""


def overrides_from(assignments: Iterable[str]) -> dict[str, Any]:
    """Return limits by name from texts like `grace=3h`; raises OverrideError."""
    values = {}
    for assignment in assignments:
        name, is_set, text = assignment.partition("=")
        name = name.strip()
        if not is_set or name not in LIMIT_NAMES:
            raise OverrideError(
                f"{assignment!r} sets no limit: write field=value with one of {', '.join(LIMIT_NAMES)}"
            )
        values[name] = _value(name, text.strip())
    return values


def _value(name: str, text: str) -> Any:
    field = Policy._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise FieldDoesNotExist(name)
    try:
        if isinstance(field, models.DurationField):
            value: Any = parse_duration(text) if text != "0" else field.to_python("0")
        else:
            value = field.to_python(text)
        field.clean(value, None)
    except (ValueError, ValidationError) as problem:
        told = " ".join(problem.messages) if isinstance(problem, ValidationError) else str(problem)
        raise OverrideError(f"{name}: {told}") from None
    return value
