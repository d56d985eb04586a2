"""Asking for looks by the API: takes replicas, gives what was queued, and where the runs appear."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.serializers import AskedSerializer
from dashboard.live.collecting import collect_now
from hubs.models import Replica

COLLECTING = extend_schema(request=None, responses={202: AskedSerializer})


def asked(request: Request, replicas: Iterable[Replica], runs_of: Mapping[str, Any]) -> Response:
    """Queue looks, and say what came of that; `runs_of` are the filters of the runs."""
    came = collect_now(replicas)
    query = urlencode({**runs_of, "started_after": came.at.isoformat()})
    runs = request.build_absolute_uri(f"{reverse('api-run-list')}?{query}")
    told = {
        "asked_at": came.at,
        "queued": _ids(came.queued),
        "under_way": _ids(came.under_way),
        "disabled": _ids(came.disabled),
        "runs": runs,
    }
    return Response(
        AskedSerializer(told).data, status.HTTP_202_ACCEPTED, headers={"Location": runs}
    )


def _ids(replicas: Iterable[Replica]) -> list[int]:
    return [replica.pk for replica in replicas]
