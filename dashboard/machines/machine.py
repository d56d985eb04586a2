"""Views for programs outside the API, such as a scraper: a session or a token opens them, and there is one form of answer."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView


class OneForm(BaseContentNegotiation):
    """Refuse nobody for his `Accept`: what such a view gives, it gives in its own form; refusals are JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


@extend_schema(exclude=True)
class MachineView(APIView):
    """What is read by programs with the API's ways to log in, and is no part of the API."""

    http_method_names = ["get", "head"]
    content_negotiation_class = OneForm

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is not read at all before anybody is asked who he is."""
        if (request.method or "").lower() not in self.http_method_names:
            raise MethodNotAllowed(request.method or "")
        super().initial(request, *args, **kwargs)
