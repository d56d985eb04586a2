"""Findings for tests of what people do about them, and people who may or may not."""

from typing import Any

from django.contrib.auth.models import Permission, User

from hubs.models import Hub
from hubs.names import key
from probes.models import Finding
from tests.estate import HOUR, NOW


def open_finding(hub: Hub, code: str = "shrunk", **fields: Any) -> Finding:
    """Store a finding that has been open for an hour."""
    subject = fields.pop("subject", f"{code} {fields.get('repo')}")
    defaults = {
        "severity": "alarm",
        "message": f"it is {code}",
        "opened_at": NOW - HOUR,
        "confirmed_at": NOW,
    }
    return Finding.objects.create(
        hub=hub, code=code, subject_key=key(subject), **(defaults | fields)
    )


def make_user(name: str = "ada", *permissions: str) -> User:
    """Store a user with these permissions of probes, such as `change_finding`."""
    user = User.objects.create_user(name)
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="probes", codename__in=permissions)
    )
    return user


def may_answer(name: str = "ada") -> User:
    """Store a user who may answer findings."""
    return make_user(name, "change_finding")
