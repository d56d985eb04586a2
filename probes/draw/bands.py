"""What was planned in the days of a plot: takes a hub and nodes, gives spans to draw behind it."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from hubs.models import Hub, Node
from hubs.planned import Span
from hubs.planned_rows import planned_of, planned_of_nodes
from probes.draw.plotted import Plotted

MANY_BANDS = 200  # more than that, and those that are too thin to see are left out
THIN = 1 / 1000  # of the range


def bands(hub: Hub, nodes: Iterable[Node], plot: Plotted) -> list[Span]:
    """Return what was planned for a hub or one of these nodes in the days that a plot shows."""
    if plot.begin is None or plot.end is None:
        return []
    begin, end = (
        datetime.combine(day, time(), plot.zone).astimezone(UTC)
        for day in (plot.begin, plot.end + timedelta(days=1))
    )
    planned = [planned_of(hub), *planned_of_nodes(hub, nodes).values()]
    spans = {span for one in planned for span in one.spans(begin, end)}
    if len(spans) > MANY_BANDS:
        spans = {span for span in spans if span.end - span.begin >= (end - begin) * THIN}
    return sorted(spans, key=lambda span: (span.begin, span.end, span.reason))
