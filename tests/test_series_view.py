"""What a chart fetches: columns in the form of Chart.js, compressed, and not again while nothing changed."""

import gzip
import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from hubs.models import Replica
from tests.estate import DAY, NOW, every, lay_snapshots, make_hub, make_replica
from tests.months import sum_up

URL = "/hubs/H/Z9:229/series/"


@pytest.fixture
def replica(db: None) -> Replica:
    replica = make_replica(make_hub(expected_per_day=1), "Z9:229")
    lay_snapshots(replica, stamps=every(60), size_bytes=9_007_199_254_740_993)
    sum_up(replica)
    return replica


def fetched(client: Client, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(URL, query).json()
    return answer


def test_each_repo_and_the_days_are_a_dataset(replica: Replica, admin_client: Client) -> None:
    datasets = fetched(admin_client)["datasets"]

    assert [(one["label"], one["yAxisID"]) for one in datasets] == [
        ("tracs/env", "size"),
        ("tarballs a day", "count"),
    ]


def test_columns_hold_milliseconds_and_exact_bytes(replica: Replica, admin_client: Client) -> None:
    columns = fetched(admin_client)["datasets"][0]["data"]

    assert columns["x"][-1] == int(every(1)[0].timestamp()) * 1000
    assert columns["y"][-1] == 9_007_199_254_740_993


def test_nothing_but_the_chart_is_in_the_answer(replica: Replica, admin_client: Client) -> None:
    assert set(fetched(admin_client)) == {
        "labels", "datasets", "range", "zone", "expectedPerDay", "isWhole",
        "planned", "findings", "findingsLeftOut", "purges",
    }  # fmt: skip


def test_an_unchanged_plot_is_not_sent_again(replica: Replica, admin_client: Client) -> None:
    tag = admin_client.get(URL)["ETag"]

    assert admin_client.get(URL, headers={"If-None-Match": tag}).status_code == 304


def test_a_new_tarball_is_sent(replica: Replica, admin_client: Client) -> None:
    tag = admin_client.get(URL)["ETag"]
    lay_snapshots(replica, stamps=[NOW])

    assert admin_client.get(URL, headers={"If-None-Match": tag}).status_code == 200


def test_it_is_compressed_for_who_takes_that(replica: Replica, admin_client: Client) -> None:
    response = admin_client.get(URL, headers={"Accept-Encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.content))["range"] == "1m"


def test_only_the_reader_keeps_it_and_asks_again(replica: Replica, admin_client: Client) -> None:
    assert admin_client.get(URL)["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "query",
    [
        {"range": "2w"},
        {"replica": "0"},
        {"replica": "x"},
        {"begin": "5", "end": "5"},
        {"begin": "5"},
        {"begin": "x", "end": "7"},
        {"begin": "1e9", "end": "2e9"},
        {"begin": "9" * 30, "end": "7"},
    ],
)
def test_what_does_not_exist_is_not_found(
    replica: Replica, admin_client: Client, query: dict[str, str]
) -> None:
    assert admin_client.get(URL, query).status_code == 404


def test_of_two_roots_on_a_node_each_has_its_own(replica: Replica, admin_client: Client) -> None:
    other = make_replica(replica.hub, "Z9:229", root="/elsewhere")

    assert fetched(admin_client, replica=other.pk)["datasets"][0]["label"] == "tarballs a day"


def test_nothing_is_changed_by_it(replica: Replica, admin_client: Client) -> None:
    assert admin_client.post(URL).status_code == 405


def test_a_window_has_its_days_and_no_more(replica: Replica, admin_client: Client) -> None:
    begin, end = (int((NOW - days * DAY).timestamp() * 1000) for days in (20, 10))

    answer = fetched(admin_client, begin=begin, end=end)

    days = answer["datasets"][-1]["data"]["x"]
    assert (len(days), len(answer["datasets"][0]["data"]["x"])) == (11, 11)
    assert days[0] <= begin < days[1]


@pytest.mark.parametrize(
    ("begin", "end"), [(0, 1), (1, 10**15), (9 * 10**17, 9 * 10**17 + 1), (-5, 10**12)]
)
def test_a_window_far_away_is_one_within_the_history(
    replica: Replica, admin_client: Client, begin: int, end: int
) -> None:
    days = fetched(admin_client, begin=begin, end=end)["datasets"][-1]["data"]["x"]

    assert 1 <= len(days) <= 60


def test_a_window_of_an_empty_replica_is_empty(db: None, admin_client: Client) -> None:
    make_replica(make_hub(), "Z9:229")

    assert fetched(admin_client, begin=1, end=2)["datasets"][0]["data"] == {"x": [], "y": []}


def test_a_repo_has_a_line_for_each_of_its_replicas(replica: Replica, admin_client: Client) -> None:
    mirror = make_replica(replica.hub, "mirror", "copy")
    lay_snapshots(mirror, stamps=every(3), size_bytes=7)
    lay_snapshots(mirror, "svn/other", stamps=every(3))
    sum_up(mirror)

    answer = admin_client.get("/repos/H/tracs/env/series/").json()

    lines = {one["label"]: one["data"]["y"] for one in answer["datasets"]}
    assert lines["mirror"] == [7, 7, 7]
    assert lines["tarballs a day"][-4:] == [1, 2, 2, 2]
    assert answer["expectedPerDay"] == 2


def test_two_roots_on_a_node_are_told_apart(replica: Replica, admin_client: Client) -> None:
    other = make_replica(replica.hub, "Z9:229", root="/elsewhere")
    lay_snapshots(other, stamps=every(3))

    answer = admin_client.get("/repos/H/tracs/env/series/").json()

    labels = {one["label"] for one in answer["datasets"]}
    assert {"Z9:229 /backup/H", "Z9:229 /elsewhere"} <= labels


def test_the_numbers_of_a_hidden_hub_are_not_there(replica: Replica, client: Client) -> None:
    replica.hub.groups.add(Group.objects.create(name="others"))
    client.force_login(User.objects.create_user("outsider"))

    answers = [client.get(URL), client.get("/repos/H/tracs/env/series/")]

    assert [answer.status_code for answer in answers] == [404, 404]
