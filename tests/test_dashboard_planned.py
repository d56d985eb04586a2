"""What is planned stands on the pages of hubs and nodes and behind the lines of charts."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from hubs.models import HolidayCalendar, Hub, Maintenance, Replica
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.months import sum_up

pytestmark = pytest.mark.django_db

SERIES = "/hubs/H/vault/series/"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def vault() -> Replica:
    replica = make_replica(make_hub(), "vault")
    lay_snapshots(replica, stamps=every(60))
    sum_up(replica)
    make_run(replica, NOW - HOUR)
    return replica


def plan(owner: Hub | Replica, **fields: Any) -> Maintenance:
    """Store a window that is open for another hour, of a hub or of a replica's node."""
    of: dict[str, Any] = {"hub": owner} if isinstance(owner, Hub) else {"node": owner.node}
    fields = {"starts_at": NOW - HOUR, "ends_at": NOW + HOUR, "reason": "new disks"} | fields
    return Maintenance.objects.create(**of, **fields)


def again(owner: Hub | Replica, cron: str = "30 2 * * *", **fields: Any) -> Maintenance:
    none: dict[str, Any] = {"starts_at": None, "ends_at": None}
    return plan(owner, **none | {"cron": cron, "duration": HOUR} | fields)


def text(client: Client, url: str = "/hubs/H/") -> str:
    without_tags = re.sub(r"<[^>]*>", " ", client.get(url).content.decode())
    return " ".join(html.unescape(without_tags).split())


def rows(client: Client, url: str = "/hubs/H/") -> list[str]:
    """Return the lines of the table of what is planned, as text."""
    page = client.get(url).content.decode()
    if 'id="planned"' not in page:
        return []
    table = page[page.index('id="planned"') :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    lines = [re.sub(r"<[^>]*>", " ", line) for line in body.split("</tr>")[:-1]]
    return [" ".join(html.unescape(line).split()) for line in lines]


# --- Pages -------------------------------------------------------------------------------------


def test_where_nothing_is_planned_nothing_is_said(vault: Replica, admin_client: Client) -> None:
    assert "Planned" not in text(admin_client)


def test_a_line_says_what_for_whom_from_when_until_when_and_who_planned_it(
    vault: Replica, admin_client: Client
) -> None:
    plan(vault, author="Ana")

    assert rows(admin_client) == [
        "now new disks maintenance, by Ana vault 2024-05-15 11:00 UTC 2024-05-15 13:00 UTC"
    ]


@pytest.mark.parametrize("url", ["/hubs/H/", "/hubs/H/vault/"])
def test_a_hub_in_maintenance_is_marked(vault: Replica, admin_client: Client, url: str) -> None:
    plan(vault.hub)

    assert "in maintenance until 2024-05-15 13:00 UTC : new disks" in text(admin_client, url)


@pytest.mark.parametrize("url", ["/hubs/H/", "/hubs/H/vault/"])
def test_a_node_in_maintenance_is_marked(vault: Replica, admin_client: Client, url: str) -> None:
    plan(vault)

    assert "in maintenance until 2024-05-15 13:00 UTC : new disks" in text(admin_client, url)


def test_only_the_node_in_maintenance_is_marked(vault: Replica, admin_client: Client) -> None:
    make_replica(vault.hub, "attic", "copy")
    plan(vault)

    assert text(admin_client).count("in maintenance") == 1
    assert "in maintenance" not in text(admin_client, "/hubs/H/attic/")


def test_a_mark_goes_when_the_window_ends(vault: Replica, admin_client: Client) -> None:
    plan(vault.hub, ends_at=NOW)

    assert "in maintenance" not in text(admin_client)
    assert rows(admin_client)[0].startswith("over new disks")


def test_a_holiday_is_marked_as_one(vault: Replica, admin_client: Client) -> None:
    calendar = HolidayCalendar.objects.create(name="Office", days="2024-05-15 # closed")
    calendar.hubs.add(vault.hub)

    assert "holiday until 2024-05-16 00:00 UTC : Office: closed" in text(admin_client)


def test_what_is_now_comes_before_what_comes_and_what_is_over(
    vault: Replica, admin_client: Client
) -> None:
    plan(vault.hub, reason="over", starts_at=NOW - DAY, ends_at=NOW - HOUR)
    plan(vault.hub, reason="soon", starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    plan(vault.hub, reason="later", starts_at=NOW + 2 * DAY, ends_at=NOW + 3 * DAY)
    plan(vault.hub, reason="open")

    assert [line.split(" maintenance")[0] for line in rows(admin_client)] == [
        "now open",
        "in 24 h soon",
        "in 2 d later",
        "over over",
    ]


def test_what_is_far_away_is_left_out(vault: Replica, admin_client: Client) -> None:
    plan(vault.hub, starts_at=NOW - 9 * DAY, ends_at=NOW - 8 * DAY)
    plan(vault.hub, starts_at=NOW + 15 * DAY, ends_at=NOW + 16 * DAY)

    assert rows(admin_client) == []


def test_a_window_that_comes_every_night_has_two_lines(
    vault: Replica, admin_client: Client
) -> None:
    again(vault.hub)

    lines = rows(admin_client)

    assert [line.split(" ", 1)[0] for line in lines] == ["in", "over"]
    assert (
        "new disks maintenance, again at 30 2 * * * (UTC) the hub "
        "2024-05-16 02:30 UTC 2024-05-16 03:30 UTC"
    ) in lines[0]


def test_what_many_nodes_share_is_one_line(vault: Replica, admin_client: Client) -> None:
    attic = make_replica(vault.hub, "attic", "copy")
    calendar = HolidayCalendar.objects.create(name="Office", days="2024-05-15")
    calendar.nodes.add(vault.node, attic.node)

    (line,) = rows(admin_client)

    assert "attic, vault" in line


def test_a_window_that_is_switched_off_is_not_shown(vault: Replica, admin_client: Client) -> None:
    plan(vault.hub, enabled=False)

    assert rows(admin_client) == []


def test_a_reason_is_only_text_on_a_page(vault: Replica, admin_client: Client) -> None:
    plan(vault, reason="<script>alert(1)</script>")

    assert b"<script>alert" not in admin_client.get("/hubs/H/").content


def test_many_windows_are_cut_and_counted(vault: Replica, admin_client: Client) -> None:
    for number in range(43):
        plan(vault.hub, reason=f"window {number}")

    assert len(rows(admin_client)) == 40
    assert "3 more are not shown" in text(admin_client)


def test_fifty_nodes_with_plans_ask_no_more_of_the_database(
    vault: Replica, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    calendar = HolidayCalendar.objects.create(name="Office", days="12-25")
    for number in range(50):
        replica = make_replica(vault.hub, f"node{number}", "copy")
        again(replica)
        calendar.nodes.add(replica.node)

    for url in ("/hubs/H/", "/hubs/H/node7/"):
        with django_assert_max_num_queries(25, info=url):
            admin_client.get(url)


# --- Charts ------------------------------------------------------------------------------------


def bands(client: Client, range_name: str = "1m") -> list[dict[str, Any]]:
    answer = client.get(SERIES, {"range": range_name}).json()
    return answer.get("planned", [])  # type: ignore[no-any-return]


def test_a_chart_has_a_band_for_each_window_of_hub_and_node(
    vault: Replica, admin_client: Client
) -> None:
    plan(vault, reason="of the node")
    plan(vault.hub, reason="of the hub", starts_at=NOW - DAY, ends_at=NOW - DAY / 2)

    assert [band["reason"] for band in bands(admin_client)] == ["of the hub", "of the node"]
    assert bands(admin_client)[1]["end"] == (NOW + HOUR).timestamp() * 1000


def test_a_band_outside_of_the_range_is_not_sent(vault: Replica, admin_client: Client) -> None:
    plan(vault, starts_at=NOW - 40 * DAY, ends_at=NOW - 39 * DAY)

    assert (len(bands(admin_client)), len(bands(admin_client, "3m"))) == (0, 1)


def test_of_very_many_bands_those_too_thin_to_see_are_not_sent(
    vault: Replica, admin_client: Client
) -> None:
    for hour in range(4):
        again(vault, f"30 {hour} * * *")
    plan(vault, reason="moving house", starts_at=NOW - 9 * DAY, ends_at=NOW - 2 * DAY)

    assert [band["reason"] for band in bands(admin_client, "all")] == ["moving house"]
