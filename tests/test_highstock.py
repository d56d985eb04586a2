"""/data/<hub>/scm_backup_monitor_<node>.json: the options that the first monitor wrote, for who still reads them."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from hubs.models import Replica
from probes.models import RunStatus
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.months import sum_up

pytestmark = pytest.mark.django_db

ADDRESS = "/data/C2/scm_backup_monitor_Z9:229.json"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def replica() -> Replica:
    """A hub in Taipei and a node whose tag has a colon, as the original had."""
    replica = make_replica(make_hub("C2", "Asia/Taipei"), "Z9:229", root="/var/scm/backup/cms02")
    for path, size_bytes in (("tracs/env", 7_300), ("repos/env", 3_664_000_123)):
        lay_snapshots(replica, path, every(5), size_bytes=size_bytes)
    sum_up(replica)
    make_run(replica, NOW - HOUR)
    return replica


def options(client: Client, address: str = ADDRESS) -> dict[str, Any]:
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    found: dict[str, Any] = json.loads(response.content, parse_constant=pytest.fail)
    return found


def line(client: Client, name: str) -> dict[str, Any]:
    return next(one for one in options(client)["series"] if one["name"] == name)


def test_it_has_the_shape_of_the_original(admin_client: Client, replica: Replica) -> None:
    found = options(admin_client)
    found.pop("series")

    assert found == {
        "chart": {"renderTo": "container_Z9:229"},
        "rangeSelector": {"selected": 1},
        "xAxis": {
            "min": int((NOW - HOUR - 30 * DAY).timestamp()) * 1000,
            "max": int((NOW - HOUR).timestamp()) * 1000,
            "ordinal": False,
            "startOnTick": False,
            "endOnTick": False,
        },
        "yAxis": [
            {"title": {"text": "TGZ bytes"}, "height": 200, "lineWidth": 2},
            {"title": {"text": "OK"}, "top": 300, "height": 100, "offset": 0, "lineWidth": 2},
        ],
        "title": {"text": "Z9:229 /var/scm/backup/cms02/ 2024-05-15 11:00:00 UTC"},
    }


def test_the_count_of_each_day_comes_first_and_on_the_second_axis(
    admin_client: Client, replica: Replica
) -> None:
    first = options(admin_client)["series"][0]

    assert (first["name"], first["yAxis"], first["marker"]) == (
        "OK",
        1,
        {"enabled": True, "radius": 3},
    )
    assert [count for _, count in first["data"]] == [2] * 5


def test_every_repo_has_a_series_on_the_first_axis(admin_client: Client, replica: Replica) -> None:
    names = {one["name"]: one.get("yAxis", 0) for one in options(admin_client)["series"]}

    assert names == {"OK": 1, "repos/env": 0, "tracs/env": 0}


@pytest.mark.parametrize(("name", "size"), [("tracs/env", 7_300), ("repos/env", 3_664_000_123)])
def test_sizes_are_true_bytes(admin_client: Client, replica: Replica, name: str, size: int) -> None:
    assert {value for _, value in line(admin_client, name)["data"]} == {size}


def test_times_are_true_milliseconds_of_utc(admin_client: Client, replica: Replica) -> None:
    data = line(admin_client, "tracs/env")["data"]

    assert [moment for moment, _ in data] == [int(at.timestamp()) * 1000 for at in every(5)]


def test_days_begin_on_the_clock_of_the_hub(admin_client: Client, replica: Replica) -> None:
    moment = line(admin_client, "OK")["data"][-1][0] / 1000

    at = datetime.fromtimestamp(moment, ZoneInfo("Asia/Taipei"))
    assert (at.hour, at.date().isoformat()) == (0, "2024-05-15")


def test_the_first_view_ends_with_the_last_complete_look(
    admin_client: Client, replica: Replica
) -> None:
    make_run(replica, NOW, RunStatus.UNREACHABLE)

    assert options(admin_client)["xAxis"]["max"] == int((NOW - HOUR).timestamp()) * 1000


def test_what_was_never_looked_at_has_no_series(admin_client: Client) -> None:
    make_replica(make_hub("C2"), "Z9:229")

    found = options(admin_client)

    assert found["series"] == []
    assert found["xAxis"]["max"] is None
    assert found["title"]["text"].endswith("never looked at completely")


def test_the_newest_tarball_is_the_last_point_however_long_the_history(
    admin_client: Client,
) -> None:
    replica = make_replica(make_hub("C2"), "Z9:229")
    lay_snapshots(replica, stamps=every(1500))
    sum_up(replica)

    data = line(admin_client, "tracs/env")["data"]

    assert data[-1][0] == int((NOW - 2 * HOUR).timestamp()) * 1000
    assert len(data) < 700
    assert data == sorted(data)


def test_a_truncated_tarball_years_ago_is_still_there(admin_client: Client) -> None:
    replica = make_replica(make_hub("C2"), "Z9:229")
    stamps = every(1500)
    lay_snapshots(replica, stamps=[at for at in stamps if at != stamps[400]])
    lay_snapshots(replica, stamps=[stamps[400]], size_bytes=17)
    sum_up(replica)

    assert [int(stamps[400].timestamp()) * 1000, 17] in line(admin_client, "tracs/env")["data"]


def test_an_unchanged_answer_is_not_sent_again(admin_client: Client, replica: Replica) -> None:
    tag = admin_client.get(ADDRESS)["ETag"]

    again = admin_client.get(ADDRESS, headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


def test_a_long_history_comes_compressed_and_keeps_its_tag(
    admin_client: Client, replica: Replica
) -> None:
    zipped = {"Accept-Encoding": "gzip"}
    first = admin_client.get(ADDRESS, headers=zipped)

    again = admin_client.get(ADDRESS, headers={**zipped, "If-None-Match": first["ETag"]})

    assert first["Content-Encoding"] == "gzip"
    assert again.status_code == 304


def test_a_second_root_is_named(admin_client: Client, replica: Replica) -> None:
    other = make_replica(replica.hub, "Z9:229", role="copy", root="/mnt/other")

    found = options(admin_client, f"{ADDRESS}?replica={other.pk}")

    assert "/mnt/other/" in found["title"]["text"]


def test_a_replica_of_another_hub_is_not_found(admin_client: Client, replica: Replica) -> None:
    other = make_replica(make_hub("D"), "Z9:229")

    assert admin_client.get(f"{ADDRESS}?replica={other.pk}").status_code == 404


def test_without_login_it_is_401(client: Client, replica: Replica) -> None:
    assert client.get(ADDRESS).status_code == 401


def test_public_pages_open_it(client: Client, replica: Replica, settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert client.get(ADDRESS).status_code == 200


def test_a_hidden_hub_is_like_none(client: Client, replica: Replica) -> None:
    replica.hub.groups.add(Group.objects.create(name="institute"))
    client.force_login(User.objects.create_user("charlie"))

    absent = "/data/C9/scm_backup_monitor_C.json"

    hidden_answer, absent_answer = client.get(ADDRESS), client.get(absent)

    assert hidden_answer.status_code == absent_answer.status_code == 404
    hidden_words = hidden_answer.content.decode().replace(ADDRESS, absent)
    assert hidden_words == absent_answer.content.decode()
    assert not hidden_answer.has_header("ETag")


def test_its_queries_are_few(
    admin_client: Client, replica: Replica, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        lay_snapshots(replica, f"svn/repo{number}", every(3))

    with django_assert_max_num_queries(16):
        admin_client.get(ADDRESS)
