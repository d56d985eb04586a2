"""/healthz: whether the monitor itself works."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from probes.models import RunStatus
from tests.estate import DAY, HOUR, make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db


def test_a_fresh_look_is_well(client: Client) -> None:
    make_run(make_replica(make_hub()), timezone.now() - HOUR)

    response = client.get("/healthz")

    assert (response.status_code, response.json()["status"]) == (200, "ok")


def test_a_failed_look_is_a_look(client: Client) -> None:
    run = make_run(make_replica(make_hub()), timezone.now() - HOUR, RunStatus.UNREACHABLE)

    health = client.get("/healthz").json()

    assert health["last_look_at"][:19] == run.finished_at.isoformat()[:19]  # type: ignore[union-attr]
    assert health["last_complete_look_at"] is None


def test_no_look_for_two_days_is_late(client: Client) -> None:
    make_run(make_replica(make_hub()), timezone.now() - 2 * DAY)

    response = client.get("/healthz")

    assert (response.status_code, response.json()["status"]) == (503, "late")


def test_the_limit_is_the_policys(client: Client) -> None:
    make_run(make_replica(make_hub(look_within=7 * DAY)), timezone.now() - 2 * DAY)

    assert client.get("/healthz").status_code == 200


def test_nothing_to_look_at_is_well(client: Client) -> None:
    make_replica(make_hub(), enabled=False)

    assert client.get("/healthz").status_code == 200


def test_a_missing_migration_is_not_well(client: Client) -> None:
    newest = MigrationLoader(connection).graph.leaf_nodes("probes")[0]
    MigrationRecorder(connection).record_unapplied(*newest)

    response = client.get("/healthz")

    assert (response.status_code, response.json()["status"]) == (503, "migrations pending")


def test_it_names_nothing_that_is_watched(client: Client) -> None:
    make_run(make_replica(make_hub("SECRET"), "vault"), timezone.now(), error="at vault")

    response = client.get("/healthz")
    content = response.content

    assert b"SECRET" not in content
    assert b"vault" not in content
    assert "replicas" not in response.json()


def test_a_hub_that_is_looked_at_no_more_is_late_though_others_are(client: Client) -> None:
    for tag, at in (("C2", timezone.now()), ("D", timezone.now() - 3 * DAY)):
        make_run(make_replica(make_hub(tag), tag), started_at=at)

    assert client.get("/healthz").status_code == 503


def test_a_hub_that_has_just_been_added_is_not_late(client: Client) -> None:
    make_run(make_replica(make_hub("C2"), "C2"), started_at=timezone.now())
    make_replica(make_hub("D"), "D")

    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_it_is_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/healthz").status_code == 405


def test_who_asks_for_the_head_gets_no_body(client: Client) -> None:
    response = client.head("/healthz")

    assert (response.status_code, response.content) == (200, b"")
