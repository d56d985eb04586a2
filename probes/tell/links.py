"""Addresses of our pages, as messages have them: whole, and made without loading the pages."""

from urllib.parse import quote

from django.conf import settings

from hubs.models import Hub
from probes.models import CollectRun, Finding


def page_of(row: Hub | Finding | CollectRun) -> str:
    """Return the address of the page of a hub, finding or look."""
    match row:
        case Hub():
            path = f"hubs/{quote(row.tag)}"
        case Finding():
            path = f"findings/{row.pk}"
        case CollectRun():
            path = f"runs/{row.pk}"
    return f"{settings.SCMMON_SITE_URL}/{path}/"
