"""The REST API: lists, filters, orders, cuts, and leaves out what opens doors."""

from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.authtoken.models import Token

from hubs.models import Node, Replica
from probes.models import CollectRun, Finding, TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.months import sum_up

pytestmark = pytest.mark.django_db

KINDS = ["hubs", "nodes", "replicas", "repos", "snapshots", "runs", "findings"]


@pytest.fixture
def vault() -> Replica:
    replica = make_replica(make_hub("Z9:hub"), "Z9:229")
    Node.objects.update(
        user="scm-user", identity_file="/keys/secret", known_hosts="/keys/known", jump_host="gate"
    )
    lay_snapshots(replica, stamps=every(5))
    sum_up(replica)
    make_run(replica, NOW, command="ssh -i /keys/secret scm-user@Z9")
    Finding.objects.create(
        hub=replica.hub, code="overdue", severity="alarm", subject_key="x", message="late",
        opened_at=NOW, confirmed_at=NOW, replica=replica, repo=replica.hub.repos.get(),
    )  # fmt: skip
    return replica


def listed(client: Client, url: str) -> list[dict[str, Any]]:
    response = client.get(f"/api/v1/{url}")
    assert response.status_code == 200, response.content
    results: list[dict[str, Any]] = response.json()["results"]
    return results


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_listed_and_has_a_detail(
    vault: Replica, admin_client: Client, kind: str
) -> None:
    row = listed(admin_client, f"{kind}/")[0]

    detail = admin_client.get(f"/api/v1/{kind}/{row.get('id') or row['tag']}/")

    assert detail.json() == row


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_opens_a_door_is_shown(
    vault: Replica, admin_client: Client, kind: str
) -> None:
    content = admin_client.get(f"/api/v1/{kind}/").content

    for secret in (b"scm-user", b"/keys/", b"gate"):
        assert secret not in content


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_can_be_written(vault: Replica, admin_client: Client, kind: str) -> None:
    assert admin_client.post(f"/api/v1/{kind}/", {}).status_code in (403, 405)


def test_a_token_opens_it(vault: Replica, client: Client) -> None:
    token = Token.objects.create(user=User.objects.create_user("alice"))

    response = client.get("/api/v1/hubs/", headers={"Authorization": f"Token {token.key}"})

    assert response.json()["count"] == 1


def test_a_wrong_token_does_not(vault: Replica, client: Client) -> None:
    response = client.get("/api/v1/hubs/", headers={"Authorization": "Token wrong"})

    assert response.status_code == 401


def test_without_login_the_answer_says_how_to_log_in(client: Client) -> None:
    response = client.get("/api/v1/hubs/")

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Token")


def test_a_finding_has_the_fields_of_the_command(vault: Replica, admin_client: Client) -> None:
    finding = listed(admin_client, "findings/")[0]

    assert finding["hub"] == "Z9:hub"
    assert finding["node"] == "Z9:229"
    assert finding["repo"] == "tracs/env"
    assert finding["path"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("snapshots/?hub=Z9:hub&node=Z9:229&category=tracs&name=env", 5),
        ("snapshots/?node=other", 0),
        ("snapshots/?gone=true", 0),
        ("snapshots/?gone=false", 5),
        ("snapshots/?stamp_after=2024-05-14T00:00:00Z", 2),
        ("runs/?status=ok", 1),
        ("runs/?status=timeout", 0),
        ("findings/?open=true&severity=alarm", 1),
        ("findings/?open=false", 0),
        ("repos/?category=tracs", 1),
        ("replicas/?hub__tag=Z9:hub&role=copy", 0),
    ],
)
def test_lists_are_filtered(vault: Replica, admin_client: Client, query: str, count: int) -> None:
    assert len(listed(admin_client, query)) == count


def test_a_filter_that_cannot_be_is_refused(vault: Replica, admin_client: Client) -> None:
    assert admin_client.get("/api/v1/runs/?status=fine").status_code == 400


@pytest.mark.parametrize("cursor", ["cD0lMDA%3D", "bz0xJnA9YWJj"])
@pytest.mark.parametrize("kind", ["snapshots", "runs"])
def test_a_cursor_that_is_no_place_is_not_found(
    vault: Replica, admin_client: Client, kind: str, cursor: str
) -> None:
    assert admin_client.get(f"/api/v1/{kind}/?cursor={cursor}").status_code == 404


@pytest.mark.parametrize("position", ["abc", "0001-01-01 00:00:00+14:00"])
def test_a_cursor_by_stamp_that_is_no_moment_is_not_found(
    vault: Replica, admin_client: Client, position: str
) -> None:
    cursor = b64encode(urlencode({"p": position}).encode()).decode()
    query = urlencode({"ordering": "stamp_at", "cursor": cursor})

    assert admin_client.get(f"/api/v1/snapshots/?{query}").status_code == 404


def test_a_cursor_leads_on_by_stamp(vault: Replica, admin_client: Client) -> None:
    page = admin_client.get("/api/v1/snapshots/?ordering=stamp_at&page_size=3").json()

    rest = admin_client.get(page["next"]).json()["results"]

    assert [row["id"] for row in page["results"] + rest] == list(
        TarballSnapshot.objects.order_by("stamp_at").values_list("pk", flat=True)
    )


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-23:59"])
@pytest.mark.parametrize(
    "address",
    [
        f"{kind}/?{name}_{side}"
        for kind, name in (("snapshots", "stamp"), ("runs", "started"), ("findings", "opened"))
        for side in ("after", "before")
    ],
)
def test_a_moment_outside_of_the_calendar_is_refused(
    vault: Replica, admin_client: Client, address: str, edge: str
) -> None:
    assert admin_client.get(f"/api/v1/{address}={quote(edge)}").status_code == 400


@pytest.mark.parametrize("kind", ["snapshots", "runs", "findings"])
def test_rows_are_filtered_by_the_id_of_their_replica(
    vault: Replica, admin_client: Client, kind: str
) -> None:
    assert listed(admin_client, f"{kind}/?replica={vault.pk}")
    assert not listed(admin_client, f"{kind}/?replica={vault.pk + 1}")


def test_an_id_beyond_all_is_refused(vault: Replica, admin_client: Client) -> None:
    assert admin_client.get(f"/api/v1/runs/?replica={2**63}").status_code == 400


def test_snapshots_are_ordered_as_asked(vault: Replica, admin_client: Client) -> None:
    stamps = [row["stamp_at"] for row in listed(admin_client, "snapshots/?ordering=stamp_at")]

    assert stamps == sorted(stamps)


def test_a_cursor_leads_through_all_of_history(vault: Replica, admin_client: Client) -> None:
    url, seen = "/api/v1/snapshots/?page_size=2", []
    while url:
        page = admin_client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]

    assert seen == sorted(TarballSnapshot.objects.values_list("pk", flat=True), reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_more_rows_do_not_need_more_queries(
    vault: Replica, admin_client: Client, kind: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(20):
        replica = make_replica(make_hub(f"H{number}"), f"node{number}")
        lay_snapshots(replica, f"svn/repo{number}", [NOW])
        make_run(replica, NOW)

    with django_assert_max_num_queries(6):
        admin_client.get(f"/api/v1/{kind}/")


def test_a_series_is_exact(vault: Replica, admin_client: Client) -> None:
    series = admin_client.get("/api/v1/series/Z9:hub/Z9:229/?range=all").json()

    assert series["sizes"][0]["repo"] == "tracs/env"
    assert series["sizes"][0]["size_bytes"] == [1_000_000] * 5
    assert series["sizes"][0]["epoch_seconds"][-1] == int((NOW - 2 * HOUR).timestamp())
    assert series["days"]["tarballs"] == [1] * 5
    assert series["begins_on"] == "2024-05-11"


def test_a_range_that_is_none_is_refused(vault: Replica, admin_client: Client) -> None:
    assert admin_client.get("/api/v1/series/Z9:hub/Z9:229/?range=2w").status_code == 400


def test_the_schema_knows_every_endpoint(admin_client: Client) -> None:
    paths = admin_client.get("/api/schema/?format=json").json()["paths"]

    assert set(paths) == {
        *(f"/api/v1/{kind}/" for kind in KINDS),
        *(f"/api/v1/{kind}/{{tag}}/" for kind in ("hubs", "nodes")),
        *(f"/api/v1/{kind}/{{id}}/" for kind in KINDS[2:]),
        "/api/v1/series/{hub}/{node}/",
        *(f"/api/v1/findings/{{id}}/{verb}/" for verb in ("acknowledge", "withdraw", "accept")),
    }


def test_the_docs_page_names_every_endpoint(admin_client: Client) -> None:
    page = admin_client.get("/api/docs/").content.decode()

    for kind in KINDS:
        assert f"GET /api/v1/{kind}/" in page
    assert "POST /api/v1/findings/{id}/acknowledge/" in page


def test_docs_describe_every_endpoint_and_page() -> None:
    written = (Path(__file__).resolve().parent.parent / "docs/api.md").read_text()

    for kind in KINDS:
        assert f"`/api/v1/{kind}/`" in written
    for address in ("/api/v1/series/<hub>/<node>/", "/api/schema/", "/api/docs/", "/healthz"):
        assert f"`{address}`" in written


def test_a_run_that_goes_on_has_no_end(admin_client: Client) -> None:
    make_run(make_replica(make_hub()), NOW - DAY, "running", seconds=None)

    assert CollectRun.objects.get().seconds is None
    assert listed(admin_client, "runs/")[0]["seconds"] is None
