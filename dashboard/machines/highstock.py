"""The original Highstock options of a node, for consumers that still read them; with true bytes and true times.

The shape is that of `scm_backup_monitor_<node>.json` as the first monitor wrote it after each look: a series `OK` of
tarballs a day in the lower pane, then the sizes of each repo in the upper one, as [milliseconds, value].
docs/api.md says what is different.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page
from rest_framework.request import Request

from dashboard.machines.machine import MachineView
from dashboard.queries import replica_on
from hubs.models import Replica
from probes.draw.series import Plot, plot
from probes.judge.conclusion import replica_states
from probes.thin import Point

RANGE = "all"  # the original drew all that it had ever seen; long series are thinned, and their extremes stay
FIRST_VIEW = timedelta(days=30)


@method_decorator([gzip_page, conditional_page], name="dispatch")
class HighstockView(MachineView):
    """The options of a hub's replica on a node; `?replica=` chooses between two roots."""

    def get(self, request: Request, hub: str, node: str) -> HttpResponse:
        replica = replica_on(request.user, hub, node, request.query_params.get("replica", ""))
        now = timezone.now()
        looked = replica_states([replica], now)[replica.pk].complete_run
        drawn = plot(replica, RANGE, now)
        response = JsonResponse(
            options(replica, drawn, looked.started_at if looked else None),
            json_dumps_params={"separators": (",", ":"), "allow_nan": False},
        )
        response["Cache-Control"] = "private, no-cache"
        return response


def options(replica: Replica, drawn: Plot, looked_at: datetime | None) -> dict[str, Any]:
    """Return what `Highcharts.StockChart` takes; the first view ends at the last complete look, where there was one."""
    node = replica.node.tag
    return {
        "chart": {"renderTo": f"container_{node}"},
        "rangeSelector": {"selected": 1},
        "xAxis": {
            "min": looked_at and _milliseconds(looked_at - FIRST_VIEW),
            "max": looked_at and _milliseconds(looked_at),
            "ordinal": False,
            "startOnTick": False,
            "endOnTick": False,
        },
        "yAxis": [
            {"title": {"text": "TGZ bytes"}, "height": 200, "lineWidth": 2},
            {"title": {"text": "OK"}, "top": 300, "height": 100, "offset": 0, "lineWidth": 2},
        ],
        "title": {"text": _title(node, replica.root, looked_at)},
        "series": list(_series(drawn)),
    }


def _title(node: str, root: str, looked_at: datetime | None) -> str:
    when = f"{looked_at:%Y-%m-%d %H:%M:%S} UTC" if looked_at else "never looked at completely"
    return f"{node} {root.rstrip('/')}/ {when}"


def _series(drawn: Plot) -> Iterator[dict[str, Any]]:
    """Give what has points: the consumers take the last point of every series."""
    if drawn.day_counts:
        yield _line("OK", drawn.day_counts) | {"yAxis": 1}
    for repo in drawn.sizes:
        yield _line(repo.repo, repo.points)


def _line(name: str, points: list[Point]) -> dict[str, Any]:
    return {
        "name": name,
        "data": [[moment * 1000, value] for moment, value in points],
        "marker": {"enabled": True, "radius": 3},
        "tooltip": {"valueDecimals": 0},
    }


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
