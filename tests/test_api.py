"""The REST API: lists, filters, orders, cuts, and leaves out what opens doors."""

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hubs.models import Hub, Node, Replica
from probes.models import CollectRun
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import make_user, open_finding
from tests.months import sum_up
from tests.told import make_channel, make_message, tell

pytestmark = pytest.mark.django_db

KINDS = ["hubs", "nodes", "replicas", "repos", "snapshots", "runs", "findings", "messages"]


@pytest.fixture
def vault() -> Replica:
    replica = make_replica(make_hub("Z9:hub"), "Z9:229")
    Node.objects.update(
        user="scm-user", identity_file="/keys/secret", known_hosts="/keys/known", jump_host="gate"
    )
    lay_snapshots(replica, stamps=every(5))
    sum_up(replica)
    make_run(replica, NOW, command="ssh -i /keys/secret scm-user@Z9")
    finding = open_finding(replica.hub, "overdue", replica=replica, repo=replica.hub.repos.get())
    tell(make_message(replica.hub, make_channel()), [finding])
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
    assert admin_client.post(f"/api/v1/{kind}/", {}).status_code == 405


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
        ("replicas/?hub=Z9:hub&role=copy", 0),
        ("replicas/?node=Z9:229&enabled=true", 1),
        ("hubs/?time_zone=UTC", 1),
        ("hubs/?name=other", 0),
        ("nodes/?hub=Z9:hub", 1),
        ("nodes/?hub=other", 0),
        ("nodes/?transport=local", 0),
        ("snapshots/?repo=tracs/env", 5),
        ("snapshots/?repo=tracs/", 0),
        ("snapshots/?size_least=1000000&size_most=1000000", 5),
        ("snapshots/?size_least=1000001", 0),
        ("snapshots/?first_seen_before=2024-05-12T00:00:00Z", 1),
        ("snapshots/?verified_verdict=good", 0),
        ("runs/?full=true", 1),
        ("runs/?full=false", 0),
        ("runs/?batch=test", 1),
        ("findings/?repo=tracs/env&node=Z9:229", 1),
        ("findings/?closed_after=2024-05-14T00:00:00Z", 0),
        ("findings/?opened_before=2024-05-14T00:00:00Z", 0),
    ],
)
def test_lists_are_filtered(vault: Replica, admin_client: Client, query: str, count: int) -> None:
    assert len(listed(admin_client, query)) == count


@pytest.mark.parametrize("kind", KINDS)
def test_more_rows_need_no_more_queries(vault: Replica, admin_client: Client, kind: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            listed(admin_client, f"{kind}/")
        return len(captured)

    few = queries()
    for number in range(20):
        replica = make_replica(make_hub(f"H{number}"), f"node{number}")
        lay_snapshots(replica, f"svn/repo{number}", [NOW])
        make_run(replica, NOW)
        open_finding(replica.hub, replica=replica)
        make_message(replica.hub, make_channel(f"channel {number}"))

    assert few <= 9
    assert queries() == few


def test_a_filter_that_cannot_be_is_refused(vault: Replica, admin_client: Client) -> None:
    assert admin_client.get("/api/v1/runs/?status=fine").status_code == 400


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


@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ("", ["A", "B", "C"]),
        ("ordering=-tag", ["C", "B", "A"]),
        ("ordering=name,-tag", ["C", "A", "B"]),
    ],
)
def test_hubs_are_ordered_as_asked(admin_client: Client, query: str, tags: list[str]) -> None:
    for tag, name in (("A", "x"), ("B", "y"), ("C", "x")):
        Hub.objects.create(tag=tag, name=name)

    assert [row["tag"] for row in listed(admin_client, f"hubs/?{query}")] == tags


def test_a_hub_says_how_it_is(vault: Replica, admin_client: Client) -> None:
    (hub,) = listed(admin_client, "hubs/")

    assert (hub["state"], hub["alarms"], hub["replicas"]) == ("alarm", 1, 1)
    assert "overdue" in hub["conclusion"]


def test_a_node_of_two_hubs_is_there_once(vault: Replica, admin_client: Client) -> None:
    make_replica(vault.hub, "Z9:229", root="/elsewhere")

    assert len(listed(admin_client, "nodes/?hub=Z9:hub")) == 1


def test_the_filter_by_hub_tells_nothing_of_a_hidden_one(vault: Replica, client: Client) -> None:
    make_replica(make_hub("open"), "Z9:229")
    vault.hub.groups.add(Group.objects.create(name="institute"))
    client.force_login(make_user("eve"))

    assert listed(client, "nodes/?hub=open")
    assert not listed(client, "nodes/?hub=Z9:hub")


def test_snapshots_are_ordered_as_asked(vault: Replica, admin_client: Client) -> None:
    stamps = [row["stamp_at"] for row in listed(admin_client, "snapshots/?ordering=stamp_at")]

    assert stamps == sorted(stamps)


def test_a_series_is_exact(vault: Replica, admin_client: Client) -> None:
    series = admin_client.get("/api/v1/series/Z9:hub/Z9:229/?range=all").json()

    assert series["sizes"][0]["repo"] == "tracs/env"
    assert series["sizes"][0]["size_bytes"] == [1_000_000] * 5
    assert series["sizes"][0]["epoch_seconds"][-1] == int((NOW - 2 * HOUR).timestamp())
    assert series["days"]["tarballs"] == [1] * 5
    assert series["begins_on"] == "2024-05-11"


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("begin=2024-05-13&end=2024-05-14", ["2024-05-13", "2024-05-14"]),
        ("begin=2024-05-14", ["2024-05-14", "2024-05-15"]),
        ("end=2024-05-12", ["2024-05-11", "2024-05-12"]),
        ("begin=0001-01-01&end=9999-12-31", ["2024-05-11", "2024-05-15"]),
    ],
)
def test_a_series_has_the_days_that_are_asked_for(
    vault: Replica, admin_client: Client, query: str, days: list[str]
) -> None:
    series = admin_client.get(f"/api/v1/series/Z9:hub/Z9:229/?{query}").json()

    assert [series["begins_on"], series["ends_on"]] == days
    assert (series["range"], series["is_whole"]) == (None, True)


def test_a_range_that_is_none_is_refused(vault: Replica, admin_client: Client) -> None:
    assert admin_client.get("/api/v1/series/Z9:hub/Z9:229/?range=2w").status_code == 400


def test_a_run_that_goes_on_has_no_end(admin_client: Client) -> None:
    make_run(make_replica(make_hub()), NOW - DAY, "running", seconds=None)

    assert CollectRun.objects.get().seconds is None
    assert listed(admin_client, "runs/")[0]["seconds"] is None
