"""Draws what a message is about: the plots of the replicas in the news."""

from collections.abc import Sequence
from datetime import datetime

from alerts.message import Picture
from hubs.models import Hub, Replica
from probes.draw.picture import alt_of, svg_of
from probes.draw.png import png_of, png_size
from probes.draw.series import plot
from probes.models import Finding

MOST = 2
RANGE = "1m"
WIDTH = 600  # CSS pixels
PIXELS_A_CSS_PIXEL = 2


def drawn(hub: Hub, findings: Sequence[Finding], now: datetime) -> dict[Picture, bytes]:
    """Return the plots of the first replicas that findings are about; of the hub's first where they name none."""
    replicas = {finding.replica_id: finding.replica for finding in findings if finding.replica}
    chosen = list(replicas.values())[:MOST] or list(
        hub.replicas.filter(enabled=True).select_related("node", "hub")[:1]
    )
    return dict(_drawn(hub, replica, findings, now) for replica in chosen)


def _drawn(
    hub: Hub, replica: Replica, findings: Sequence[Finding], now: datetime
) -> tuple[Picture, bytes]:
    here = [finding for finding in findings if finding.replica_id in (None, replica.pk)]
    numbers = plot(replica, RANGE, now)
    title = f"{hub} on {replica.node.tag}"
    svg = svg_of(
        numbers,
        title=title,
        theme="light",
        width=WIDTH,
        markers=[_marker(finding) for finding in here],
        named=[finding.repo.path for finding in here if finding.repo],
    )
    png = png_of(svg, width_px=WIDTH * PIXELS_A_CSS_PIXEL)
    height = png_size(png)[1] // PIXELS_A_CSS_PIXEL
    return Picture(f"plot-{replica.pk}", alt_of(numbers, title), WIDTH, height), png


def _marker(finding: Finding) -> tuple[datetime, str, str]:
    at = finding.stamp_at or finding.opened_at
    return at, finding.severity, finding.code.replace("_", " ")
