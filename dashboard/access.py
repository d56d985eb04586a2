"""Who may see and do what, once for pages and API: hubs by group, whether a login is needed, who may answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

from hubs.models import Hub

Reader = User | AnonymousUser
View = Callable[..., HttpResponseBase]
READING = ("GET", "HEAD")


def may_read(user: Reader) -> bool:
    """Tell whether someone may open the read-only pages at all."""
    return user.is_authenticated or settings.SCMMON_PUBLIC_PAGES


def may_answer(user: Reader) -> bool:
    """Tell whether someone may acknowledge findings and accept levels, of the hubs that he may see."""
    return isinstance(user, User) and user.has_perm("probes.change_finding")


def may_collect(user: Reader) -> bool:
    """Tell whether someone may ask for looks now, at the replicas of the hubs that he may see."""
    return isinstance(user, User) and user.has_perm("probes.add_collectrun")


def visible_hubs(user: Reader) -> QuerySet[Hub]:
    """Return the hubs someone may know of: those without groups, and those of his groups; superusers all."""
    return Hub.objects.exclude(pk__in=hidden_hubs(user))


def hidden_hubs(user: Reader) -> QuerySet[Hub]:
    """Return the hubs someone may not know of.

    Long lists leave these out instead of picking the visible ones: hardly any are hidden, and the
    database can then walk such a list in its order and stop after one page.
    """
    if isinstance(user, User) and user.is_superuser:
        return Hub.objects.none()
    theirs = user.groups.all() if isinstance(user, User) else Group.objects.none()
    return Hub.objects.exclude(groups=None).exclude(groups__in=theirs)


def readable(view: View) -> View:
    """Make a view a read-only page: open to all when pages are public, else to whoever is logged in."""

    @login_not_required  # the middleware cannot know about public pages, so it is asked here
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        if not may_read(request.user):
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return guarded
