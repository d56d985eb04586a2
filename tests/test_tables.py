"""The lists of the pages: sorted, filtered and cut by what the address says, at the same price however long they are."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.lists import screens
from hubs.models import Hub, Replica
from probes.models import CollectRun, RunStatus
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo
from tests.estate import make_run as make_run_at
from tests.findings import open_finding
from tests.told import make_channel, make_message

pytestmark = pytest.mark.django_db

MOST_QUERIES = 25
LISTS = {
    "/": ["state", "hub", "nodes", "looked", "newest", "open"],
    "/findings/": ["opened", "severity", "code", "hub", "node", "repo", "closed"],
    "/runs/": ["started", "hub", "node", "status", "seen", "new", "changed", "gone", "took"],
    "/notifications/": ["written", "severity", "subject", "channel", "status"],
    "/repos/H/tracs/env/": ["stamp", "node", "size", "sidecar", "seen", "gone"],
    "/hubs/H/vault/": ["repo", "state", "stamp", "size", "sidecar"],
}
HEADS = [(url, key) for url, keys in LISTS.items() for key in keys]
LARGE = ["/findings/?state=all", "/runs/", "/notifications/", "/repos/H/tracs/env/"]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def hub() -> Hub:
    """Three tarballs on a node, looked at twice, with two findings and a message."""
    vault = make_replica(make_hub("H"), "vault")
    lay_snapshots(vault, stamps=every(3))
    make_run_at(vault, NOW - 2 * HOUR, RunStatus.TIMEOUT, seconds=90, full=False)
    make_run_at(vault, NOW - HOUR, seen=7)
    repo = make_repo(vault.hub)
    open_finding(vault.hub, "overdue", repo=repo, opened_at=NOW - DAY)
    open_finding(vault.hub, "clock_skew", severity="warn", replica=vault)
    make_message(vault.hub, make_channel())
    return vault.hub


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def heading(page: str, key: str) -> tuple[str, dict[str, list[str]]]:
    """Return the way that a column says it is sorted, and what its link asks for."""
    for attributes, link in re.findall(r'<th scope="col"([^>]*)><a href="([^"]*)">', page):
        asked = parse_qs(urlsplit(unescape(link)).query)
        if asked["sort"][0].removeprefix("-") == key:
            way = re.search(r'aria-sort="(\w+)"', attributes)
            return way[1] if way else "", asked
    raise AssertionError(f"no heading sorts by {key}")


def told(page: str) -> list[str]:
    """Return the rules of the findings on a page, as they come."""
    return re.findall(r'<a href="/findings/\d+/">([^<]*)</a>', page)


# --- Order -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "key"), HEADS)
def test_a_heading_sorts_by_its_column(hub: Hub, admin_client: Client, url: str, key: str) -> None:
    page = get(admin_client, f"{url}?sort={key}")

    assert heading(page, key) == ("ascending", {"sort": [f"-{key}"]})


@pytest.mark.parametrize(("url", "key"), HEADS)
def test_a_heading_turns_the_order_round(
    hub: Hub, admin_client: Client, url: str, key: str
) -> None:
    page = get(admin_client, f"{url}?sort=-{key}")

    assert heading(page, key) == ("descending", {"sort": [key]})


@pytest.mark.parametrize("url", LISTS)
def test_an_order_that_there_is_not_is_the_usual_one(
    hub: Hub, admin_client: Client, url: str
) -> None:
    usual, asked = get(admin_client, url), get(admin_client, f"{url}?sort=nonsense")

    assert re.findall("aria-sort", usual) == ["aria-sort"]
    assert re.findall(r"<th[^>]*aria-sort[^>]*>", usual) == re.findall(
        r"<th[^>]*aria-sort[^>]*>", asked
    )


def test_findings_can_come_worst_first(hub: Hub, admin_client: Client) -> None:
    open_finding(hub, "gap", severity="notice", opened_at=NOW)

    assert told(get(admin_client, "/findings/?sort=-severity")) == ["overdue", "clock skew", "gap"]


def test_what_has_no_value_comes_last_either_way(hub: Hub, admin_client: Client) -> None:
    for sort in ("node", "-node"):
        assert told(get(admin_client, f"/findings/?sort={sort}"))[-1] == "overdue"


def test_the_longest_look_can_come_first(hub: Hub, admin_client: Client) -> None:
    page = get(admin_client, "/runs/?sort=-took")

    assert page.index("timeout</span>") < page.index("ok</span>")


def test_hubs_can_be_sorted_by_name(hub: Hub, admin_client: Client) -> None:
    make_hub("A")

    page = get(admin_client, "/?sort=hub")

    assert page.index('href="/hubs/A/"') < page.index('href="/hubs/H/"')


def test_the_repos_of_a_node_can_be_sorted_by_size(hub: Hub, admin_client: Client) -> None:
    lay_snapshots(Replica.objects.get(), "svn/small", every(1), size_bytes=5)

    page = get(admin_client, "/hubs/H/vault/?sort=size")

    assert page.index('href="/repos/H/svn/small/"') < page.rindex('href="/repos/H/tracs/env/"')


# --- Filters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("severity=warn", ["clock skew"]),
        ("code=overdue", ["overdue"]),
        ("repo=tracs/env", ["overdue"]),
        ("repo=tracs", []),
        ("node=vault", ["clock skew"]),
        ("q=IS OVER", ["overdue"]),
        ("since=2024-05-15", ["clock skew"]),
        ("until=2024-05-14", ["overdue"]),
        ("since=yesterday", ["clock skew", "overdue"]),
        ("since=2024-02-31", ["clock skew", "overdue"]),
        ("state=closed", []),
    ],
)
def test_findings_are_filtered(hub: Hub, admin_client: Client, asked: str, left: list[str]) -> None:
    assert told(get(admin_client, f"/findings/?{asked}")) == left


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("kind=full", 1),
        ("kind=daily", 1),
        ("kind=odd", 2),
        ("status=timeout", 1),
        ("since=2024-05-15", 2),
        ("until=2024-05-14", 0),
        ("hub=H&node=vault", 2),
    ],
)
def test_looks_are_filtered(hub: Hub, admin_client: Client, asked: str, count: int) -> None:
    page = get(admin_client, f"/runs/?{asked}")

    assert len(re.findall(r'<a href="/runs/\d+/">', page)) == count


def test_messages_are_searched(hub: Hub, admin_client: Client) -> None:
    make_message(hub, make_channel("other"), subject="The disk is full")

    page = get(admin_client, "/notifications/?q=DISK")

    assert "1 delivery;" in page
    assert "The disk is full" in page


@pytest.mark.parametrize(("gone", "count"), [("", 4), ("no", 3), ("only", 1), ("odd", 4)])
def test_tarballs_that_are_gone_are_left_out_or_picked(
    hub: Hub, admin_client: Client, gone: str, count: int
) -> None:
    lay_snapshots(Replica.objects.get(), stamps=[NOW - 9 * DAY], gone_at=NOW)

    page = get(admin_client, f"/repos/H/tracs/env/?gone={gone}")

    assert f"{count} tarball" in page


def test_headings_keep_the_filters_and_leave_the_page(hub: Hub, admin_client: Client) -> None:
    page = get(admin_client, "/findings/?severity=alarm&page=1&sort=hub")

    assert heading(page, "code")[1] == {"severity": ["alarm"], "sort": ["code"]}


def test_filters_keep_the_order(hub: Hub, admin_client: Client) -> None:
    page = get(admin_client, "/findings/?sort=-severity")

    assert '<option value="-severity" selected>' in page


def test_filters_that_are_set_can_be_cleared(hub: Hub, admin_client: Client) -> None:
    assert "Clear the filters" in get(admin_client, "/findings/?severity=alarm")
    assert "Clear the filters" not in get(admin_client, "/findings/?severity=&sort=hub&page=1")


def test_seldom_filters_stand_open_where_they_are_set(hub: Hub, admin_client: Client) -> None:
    assert "<details open>" in get(admin_client, "/findings/?node=vault")
    assert "<details>" in get(admin_client, "/findings/")


# --- Pages -------------------------------------------------------------------------------------


def test_the_next_page_keeps_filters_and_order(
    hub: Hub, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "ROWS_A_PAGE", 1)

    page = get(admin_client, "/findings/?hub=H&sort=code")

    assert 'href="?hub=H&amp;sort=code&amp;page=2" rel="next"' in page


def test_the_repos_of_a_node_are_cut_into_pages(
    hub: Hub, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "ROWS_A_PAGE", 1)
    lay_snapshots(Replica.objects.get(), "svn/second", every(1))

    assert "Page 2 of 2" in get(admin_client, "/hubs/H/vault/?page=2")


@pytest.mark.parametrize("page", ["0", "99", "-1", "x", "9" * 40])
def test_a_page_that_there_is_not_is_one_that_there_is(
    hub: Hub, admin_client: Client, page: str
) -> None:
    assert len(told(get(admin_client, f"/findings/?page={page}"))) == 2


def test_what_lies_beyond_the_bound_is_said_to_be_there(
    hub: Hub, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "MOST_ROWS", 1)

    page = get(admin_client, "/runs/")

    assert "More than 1 look" in page
    assert "the filters lead to the others" in page


def test_of_a_list_beyond_the_bound_the_newest_are_sorted(
    hub: Hub, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "MOST_ROWS", 1)

    assert told(get(admin_client, "/findings/?sort=-severity")) == ["clock skew"]


# --- Price -------------------------------------------------------------------------------------


def add_rows(hub: Hub, count: int) -> None:
    """Put more of everything that a list shows."""
    replica = Replica.objects.filter(hub=hub)[0]
    channel = make_channel(f"channel of {count}")
    lay_snapshots(
        replica, stamps=[NOW - count * DAY - timedelta(minutes=number) for number in range(count)]
    )
    for number in range(count):
        open_finding(hub, "gap", subject=f"{count} {number}", replica=replica)
        make_run_at(replica, NOW - timedelta(minutes=number))
        make_message(hub, channel)
        lay_snapshots(replica, f"svn/{count}-{number}", every(1))


@pytest.mark.parametrize("sort", ["", "1", "-1"])
@pytest.mark.parametrize("url", [*LISTS, "/hubs/H/"])
def test_a_list_asks_no_more_of_the_database_when_it_is_longer(
    hub: Hub, admin_client: Client, url: str, sort: str
) -> None:
    key = sort.replace("1", LISTS[url][-1]) if sort and url in LISTS else ""
    add_rows(hub, 1)
    with CaptureQueriesContext(connection) as few:
        get(admin_client, f"{url}?sort={key}")
    add_rows(hub, 12)

    with CaptureQueriesContext(connection) as many:
        get(admin_client, f"{url}?sort={key}")

    assert len(many) <= max(len(few), 1)
    assert len(many) <= MOST_QUERIES


@pytest.mark.database
@pytest.mark.parametrize("url", LARGE)
def test_a_long_list_is_never_counted_whole(hub: Hub, admin_client: Client, url: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        get(admin_client, url)

    counting = [
        one["sql"] for one in queries if "COUNT(" in one["sql"] and "LIMIT 10001" in one["sql"]
    ]
    assert len(counting) == 1


@pytest.mark.database
def test_the_usual_order_of_looks_is_read_from_an_index(hub: Hub) -> None:
    if connection.vendor == "postgresql":  # which reads so few rows as here as fast without
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    newest: Any = CollectRun.objects.order_by("-started_at", "-pk")[:100]

    assert "index" in newest.explain().lower()
