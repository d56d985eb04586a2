"""Who may do what by the API: what the user may, and of that what the token is for."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from dashboard.access import may_answer, may_collect, may_read
from dashboard.api.problems import MissingScope
from dashboard.models import ApiToken, Scope


def _needs(request: Request, scope: Scope) -> None:
    """Refuse a token without a scope; a session has them all."""
    if isinstance(request.auth, ApiToken) and scope.value not in request.auth.scopes:
        raise MissingScope(scope.value)


class MayRead(BasePermission):
    """Reading, by whoever may read the pages."""

    def has_permission(self, request: Request, view: object) -> bool:
        if request.method not in SAFE_METHODS or not may_read(request.user):
            return False
        _needs(request, Scope.READ)
        return True


class MayAnswer(BasePermission):
    """Answering: 401 without login, 403 without the scope, 404 for hubs that he may not see, then 403."""

    def has_permission(self, request: Request, view: object) -> bool:
        if request.user.is_authenticated:
            _needs(request, Scope.ACKNOWLEDGE)
        return request.user.is_authenticated

    def has_object_permission(self, request: Request, view: object, obj: object) -> bool:
        return may_answer(request.user)


class MayCollect(BasePermission):
    """Asking for looks, with the same order of refusals."""

    def has_permission(self, request: Request, view: object) -> bool:
        if request.user.is_authenticated:
            _needs(request, Scope.COLLECT)
        return request.user.is_authenticated

    def has_object_permission(self, request: Request, view: object, obj: object) -> bool:
        return may_collect(request.user)
