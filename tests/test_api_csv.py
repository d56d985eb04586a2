"""Tables as CSV: all rows, the columns of JSON, read while they are sent, and nothing that a spreadsheet runs."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.api import reading
from dashboard.api.csv_rows import written
from hubs.models import Replica
from probes.models import Finding
from tests.estate import NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import make_user, open_finding
from tests.told import make_channel, make_message

pytestmark = [pytest.mark.django_db, pytest.mark.database]

KINDS = ["hubs", "nodes", "replicas", "repos", "snapshots", "runs", "findings", "messages"]


@pytest.fixture
def vault() -> Replica:
    replica = make_replica(make_hub("C2"), "Z9:229")
    lay_snapshots(replica, stamps=every(5))
    make_run(replica, NOW)
    open_finding(replica.hub, repo=replica.hub.repos.get(), replica=replica)
    make_message(replica.hub, make_channel())
    return replica


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def table(client: Client, address: str, **headers: str) -> list[dict[str, str]]:
    text = text_of(client.get(f"/api/v1/{address}", headers=headers))
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_has_the_columns_and_values_of_json(
    vault: Replica, admin_client: Client, kind: str
) -> None:
    rows = admin_client.get(f"/api/v1/{kind}/").json()["results"]

    lines = table(admin_client, f"{kind}/?format=csv")

    assert [list(line) for line in lines] == [list(row) for row in rows]
    assert [list(line.values()) for line in lines] == [
        [str(written(name, value)) for name, value in row.items()] for row in rows
    ]


def test_accept_asks_for_it_too(vault: Replica, admin_client: Client) -> None:
    assert len(table(admin_client, "snapshots/", Accept="text/csv")) == 5


def test_it_comes_as_a_file(vault: Replica, admin_client: Client) -> None:
    answer = admin_client.get("/api/v1/repos/?format=csv")

    assert answer["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer["Content-Disposition"] == 'attachment; filename="scmmon-repos.csv"'
    assert text_of(answer).startswith("id,hub,category,name,path,selected\r\n")


def test_all_rows_come_whatever_a_page_holds(vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, "svn/repo", every(250))

    assert len(table(admin_client, "snapshots/?format=csv")) == 255


def test_it_is_filtered_and_ordered(vault: Replica, admin_client: Client) -> None:
    lines = table(
        admin_client,
        "snapshots/?format=csv&stamp_after=2024-05-14T00:00:00Z&ordering=stamp_at",
    )

    stamps = [line["stamp_at"] for line in lines]
    assert len(stamps) == 2
    assert stamps == sorted(stamps)


def test_one_page_comes_where_the_address_speaks_of_pages(
    vault: Replica, admin_client: Client
) -> None:
    answer = admin_client.get("/api/v1/snapshots/?format=csv&page_size=2")

    assert text_of(answer).count("\r\n") == 3
    assert 'rel="next"' in answer["Link"]


def test_the_link_of_a_page_leads_on(vault: Replica, admin_client: Client) -> None:
    link = admin_client.get("/api/v1/hubs/?format=csv&page_size=1")
    assert "Link" not in link
    make_hub("C3")

    answer = admin_client.get("/api/v1/hubs/?format=csv&page_size=1")

    address = answer["Link"].partition(">")[0].removeprefix("<http://testserver/api/v1/")
    assert [line["tag"] for line in table(admin_client, address)] == ["C3"]


def test_an_empty_table_has_its_header(admin_client: Client) -> None:
    answer = admin_client.get("/api/v1/nodes/?format=csv")

    assert text_of(answer) == "tag,transport,site\r\n"


def test_rows_of_a_hidden_hub_are_not_there(vault: Replica, client: Client) -> None:
    vault.hub.groups.add(Group.objects.create(name="institute"))
    client.force_login(make_user("eve"))

    assert table(client, "snapshots/?format=csv") == []


def test_without_login_there_is_no_table(vault: Replica) -> None:
    assert Client().get("/api/v1/snapshots/?format=csv").status_code == 401


def test_rows_are_read_while_they_are_sent(
    vault: Replica, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: no more rows are held than are read at once."""
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 2)
    held: list[int] = []
    represent = reading.Table.represent

    def noted(self: Any, rows: Any) -> Any:
        held.append(len(rows))
        return represent(self, rows)

    monkeypatch.setattr(reading.Table, "represent", noted)
    answer: Any = admin_client.get("/api/v1/snapshots/?format=csv")
    assert held == []

    lines = iter(answer.streaming_content)
    next(lines), next(lines)

    assert held == [2]
    assert len(list(lines)) == 4
    assert held == [2, 2, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_more_rows_need_no_more_queries(
    vault: Replica, admin_client: Client, kind: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(20):
        replica = make_replica(make_hub(f"H{number}"), f"node{number}")
        lay_snapshots(replica, f"svn/repo{number}", [NOW])
        make_run(replica, NOW)
        open_finding(replica.hub, replica=replica)
        make_message(replica.hub)

    with django_assert_max_num_queries(10):
        assert len(table(admin_client, f"{kind}/?format=csv")) > 20


# --- Hostile texts -------------------------------------------------------------------------------


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_spreadsheet_runs_no_text(beginning: str) -> None:
    assert written("message", f"{beginning}1+1") == f"'{beginning}1+1"


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@"])
def test_a_path_stays_a_path(beginning: str) -> None:
    assert written("path", f"{beginning}x/y") == f"./{beginning}x/y"


@pytest.mark.parametrize("number", [-5, -0.5, 7])
def test_a_number_stays_a_number(number: float) -> None:
    assert written("clock_skew_seconds", number) == number


def test_what_has_parts_is_json() -> None:
    assert json.loads(str(written("evidence", {"a": ["=1", None]}))) == {"a": ["=1", None]}


@pytest.mark.parametrize(
    "hostile", ['a"b', "a,b", "a\r\nb", "a;b", "<b>x</b>", "\u202eevil", "é𝕏", "x" * 4096]
)
def test_a_hostile_text_comes_whole(vault: Replica, admin_client: Client, hostile: str) -> None:
    Finding.objects.update(message=hostile)

    (line,) = table(admin_client, "findings/?format=csv")

    assert line["message"] == hostile


def test_a_formula_from_a_node_is_none(vault: Replica, admin_client: Client) -> None:
    Finding.objects.update(message='=HYPERLINK("http://evil.example")', path="-x/y/z")

    (line,) = table(admin_client, "findings/?format=csv")

    assert line["message"].startswith("'=")
    assert line["path"] == "./-x/y/z"
