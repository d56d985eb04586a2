"""Takes the rows of maintenance windows and holiday calendars, gives what they plan as values."""

from collections import defaultdict
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from hubs.models import HolidayCalendar, Hub, Maintenance, Node
from hubs.planned import Holidays, Planned, Recurring, Span, parse_days


def planned_of(hub: Hub) -> Planned:
    """Return what is planned for a hub as a whole; reads two queries."""
    return _planned(hub.maintenance_windows.filter(enabled=True), hub.calendars.all(), hub.zone)


def planned_of_nodes(hub: Hub, nodes: Iterable[Node]) -> dict[int, Planned]:
    """Return what is planned for each node, by its key, holidays on the hub's clock; reads two queries in all."""
    ids = {node.pk for node in nodes}
    windows = defaultdict[int, list[Maintenance]](list)
    for window in Maintenance.objects.filter(node__in=ids, enabled=True).select_related("node"):
        windows[window.node_id or 0].append(window)
    calendars = calendars_of_nodes(ids)
    return {pk: _planned(windows[pk], calendars.get(pk, []), hub.zone) for pk in ids}


def calendars_of_nodes(ids: Iterable[int]) -> dict[int, list[HolidayCalendar]]:
    """Return the calendars of nodes, by the node's key."""
    calendars = defaultdict(list)
    links = HolidayCalendar.nodes.through.objects.filter(node__in=ids)
    for link in links.select_related("holidaycalendar"):
        calendars[link.node_id].append(link.holidaycalendar)
    return calendars


def _planned(
    windows: Iterable[Maintenance], calendars: Iterable[HolidayCalendar], clock: ZoneInfo
) -> Planned:
    values = [window_value(window) for window in windows]
    holidays = [calendar_value(calendar, clock) for calendar in calendars]
    return Planned(
        one_off=tuple(value for value in values if isinstance(value, Span)),
        recurring=(*(value for value in values if isinstance(value, Recurring)), *holidays),
    )


def window_value(window: Maintenance) -> Span | Recurring:
    """Return one window as a value."""
    if window.duration is not None:
        return Recurring(
            window.cron,
            window.zone,
            window.duration,
            window.reason,
            window.starts_at,
            window.ends_at,
        )
    assert window.starts_at is not None  # noqa: S101 - the database lets no other one in
    assert window.ends_at is not None  # noqa: S101
    return Span(window.starts_at, window.ends_at, window.reason)


def calendar_value(calendar: HolidayCalendar, clock: ZoneInfo) -> Holidays:
    """Return a calendar as a value: its days on a clock."""
    return Holidays(calendar.name, parse_days(calendar.days), clock)
