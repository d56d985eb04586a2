"""Answers that the asker already has are not sent again, and big ones are sent compressed."""

import gzip
from typing import Any

import pytest
from django.test import Client

from hubs.models import Hub, Replica
from tests.estate import NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.months import sum_up
from tests.told import make_channel, make_message

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "hubs/", "nodes/", "replicas/", "repos/", "snapshots/", "runs/", "findings/", "messages/",
    "hubs/C2/", "nodes/Z9:229/", "series/C2/Z9:229/?range=all",
]  # fmt: skip


@pytest.fixture(autouse=True)
def vault() -> Replica:
    replica = make_replica(make_hub("C2"), "Z9:229")
    lay_snapshots(replica, stamps=every(5))
    sum_up(replica)
    make_run(replica, NOW)
    open_finding(replica.hub, replica=replica)
    make_message(replica.hub, make_channel())
    return replica


def ask(client: Client, address: str, **headers: str) -> Any:
    return client.get(f"/api/v1/{address}", headers=headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_the_asker_has_is_not_sent_again(admin_client: Client, address: str) -> None:
    tag = ask(admin_client, address)["ETag"]

    again = ask(admin_client, address, **{"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == tag


def test_what_has_changed_is_sent(admin_client: Client) -> None:
    tag = ask(admin_client, "hubs/C2/")["ETag"]
    Hub.objects.update(title="another")

    assert ask(admin_client, "hubs/C2/", **{"If-None-Match": tag}).status_code == 200


def test_a_browser_keeps_it_and_asks_again(admin_client: Client) -> None:
    answer = ask(admin_client, "hubs/")

    assert answer["Cache-Control"] == "private, no-cache"
    assert {"Accept", "Authorization", "Cookie"} <= set(answer["Vary"].split(", "))


@pytest.mark.parametrize("address", ["snapshots/", "snapshots/?format=csv"])
def test_a_big_answer_is_compressed(vault: Replica, admin_client: Client, address: str) -> None:
    plain = ask(admin_client, address).getvalue()

    small = ask(admin_client, address, **{"Accept-Encoding": "gzip"})

    assert small["Content-Encoding"] == "gzip"
    content = small.getvalue()
    assert len(content) < len(plain)
    assert gzip.decompress(content) == plain


def test_a_compressed_answer_keeps_its_tag(admin_client: Client) -> None:
    gzipped = {"Accept-Encoding": "gzip"}
    tag = ask(admin_client, "snapshots/", **gzipped)["ETag"]

    again = ask(admin_client, "snapshots/", **{"If-None-Match": tag} | gzipped)

    assert again.status_code == 304


def test_a_refusal_has_no_tag(admin_client: Client) -> None:
    assert "ETag" not in ask(admin_client, "hubs/none/")


def test_of_an_unfit_tag_nothing_is_made(admin_client: Client) -> None:
    assert ask(admin_client, "hubs/", **{"If-None-Match": '"x", W/'}).status_code == 200
