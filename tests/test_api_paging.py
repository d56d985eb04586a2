"""Long lists in parts: a cursor leads through all that grows for ever, there and back, and nothing moves under it."""

import json
from base64 import urlsafe_b64encode
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hubs.models import Replica
from probes.models import TarballSnapshot
from tests.estate import NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.told import make_message

pytestmark = [pytest.mark.django_db, pytest.mark.database]

BY_CURSOR = ["snapshots", "runs", "findings", "messages"]


@pytest.fixture
def vault() -> Replica:
    replica = make_replica(make_hub("C2"), "Z9:229")
    lay_snapshots(replica, stamps=every(5))
    for number in range(5):
        make_run(replica, NOW)
        open_finding(replica.hub, "overdue" if number else "lagging", subject=f"{number}")
        make_message(replica.hub)
    return replica


def pages(client: Client, address: str, way: str = "next") -> list[list[Any]]:
    """Return the ids of each page, as the links lead."""
    found: list[list[Any]] = []
    url: str | None = address
    while url:
        page = client.get(url).json()
        found.append([row["id"] for row in page["results"]])
        url = page[way]
        assert len(found) < 50
    return found


def ids(client: Client, address: str) -> list[int]:
    return [row["id"] for row in client.get(address).json()["results"]]


@pytest.mark.parametrize("kind", BY_CURSOR)
def test_the_newest_come_first(vault: Replica, admin_client: Client, kind: str) -> None:
    found = ids(admin_client, f"/api/v1/{kind}/")

    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "snapshots/?ordering=id",
        "snapshots/?ordering=-id",
        "snapshots/?ordering=stamp_at",
        "snapshots/?ordering=-stamp_at",
        "runs/?ordering=started_at",
        "runs/?ordering=-started_at",
        "runs/?ordering=-started_at,id",
        "findings/?ordering=code",
        "findings/?ordering=-code,opened_at",
        "findings/?ordering=opened_at,-id",
        "messages/?ordering=created_at",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 4, 5, 6])
def test_a_cursor_leads_through_all_and_back(
    vault: Replica, admin_client: Client, query: str, size: int
) -> None:
    whole = ids(admin_client, f"/api/v1/{query}")

    there = pages(admin_client, f"/api/v1/{query}&page_size={size}")

    assert [*chain(*there)] == whole
    url = f"/api/v1/{query}&page_size={size}"
    while following := admin_client.get(url).json()["next"]:
        url = following
    assert pages(admin_client, url, "previous") == there[::-1]


def test_rows_of_one_moment_are_all_there(vault: Replica, admin_client: Client) -> None:
    for number in range(30):
        lay_snapshots(vault, f"svn/repo{number}", [NOW])

    found = chain(*pages(admin_client, "/api/v1/snapshots/?ordering=-stamp_at&page_size=7"))

    assert sorted(found) == sorted(TarballSnapshot.objects.values_list("pk", flat=True))


def test_a_row_that_comes_in_between_moves_nothing(vault: Replica, admin_client: Client) -> None:
    first = admin_client.get("/api/v1/runs/?page_size=2").json()
    make_run(vault, NOW)

    second = admin_client.get(first["next"]).json()

    whole = ids(admin_client, "/api/v1/runs/")
    assert [row["id"] for row in first["results"] + second["results"]] == whole[1:5]


def test_the_filters_stay_in_the_links(vault: Replica, admin_client: Client) -> None:
    found = pages(admin_client, "/api/v1/findings/?code=overdue&page_size=3")

    assert [len(page) for page in found] == [3, 1]


@pytest.mark.parametrize("ordering", ["-id", "stamp_at", "-stamp_at"])
def test_a_far_page_costs_what_the_first_does(
    vault: Replica, admin_client: Client, ordering: str
) -> None:
    """The database enters its index at the cursor: it neither counts nor walks over what lies before."""
    page = admin_client.get(f"/api/v1/snapshots/?ordering={ordering}&page_size=2").json()

    with CaptureQueriesContext(connection) as captured:
        admin_client.get(page["next"])

    asked = [query["sql"] for query in captured if "tarballsnapshot" in query["sql"].lower()]
    assert len(asked) == 1
    assert "OFFSET" not in asked[0]
    assert "COUNT" not in asked[0]


def cursor(*parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        "é",
        "=",
        "AAAA",
        cursor(),
        cursor("-pk"),
        cursor(["-pk"], [1]),
        cursor(["-pk"], ["abc"], False),
        cursor(["-pk"], [None], False),
        cursor(["-pk"], [True], False),
        cursor(["-pk"], [[1]], False),
        cursor(["-pk"], [-1], False),
        cursor(["-pk"], [2**63], False),
        cursor(["-pk"], [1, 2], False),
        cursor(["-pk"], 1, False),
        cursor(["-path"], ["x"], False),
        cursor(["-stamp_at", "-pk"], ["2024-05-15T00:00:00Z", 1], False),
        cursor(["-replica__hub__message"], ["x"], False),
        urlsafe_b64encode(b"[" * 10_000).decode(),
    ],
)
def test_a_cursor_that_is_no_place_is_not_there(
    vault: Replica, admin_client: Client, wrong: str
) -> None:
    query = urlencode({"cursor": wrong})

    assert admin_client.get(f"/api/v1/snapshots/?{query}").status_code == 404


@pytest.mark.parametrize("position", ["abc", "", 7, "0001-01-01 00:00:00+14:00"])
def test_a_cursor_by_stamp_that_is_no_moment_is_not_there(
    vault: Replica, admin_client: Client, position: Any
) -> None:
    query = urlencode(
        {"ordering": "stamp_at", "cursor": cursor(["stamp_at", "pk"], [position, 1], False)}
    )

    assert admin_client.get(f"/api/v1/snapshots/?{query}").status_code == 404


def test_numbered_pages_lead_on_and_count(admin_client: Client) -> None:
    for number in range(5):
        make_hub(f"H{number}")

    page = admin_client.get("/api/v1/hubs/?page_size=2&page=2").json()

    assert page["count"] == 5
    assert [row["tag"] for row in page["results"]] == ["H2", "H3"]
    assert "page=3" in page["next"]
    assert page["previous"]


def test_a_page_behind_the_last_is_not_there(admin_client: Client) -> None:
    assert admin_client.get("/api/v1/hubs/?page=2").status_code == 404
