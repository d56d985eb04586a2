"""Looks that are asked for by the API: queued for those who may, and told where to follow them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django_q.models import OrmQ

from hubs.models import Hub, Replica
from tests.estate import make_hub, make_replica, make_run
from tests.findings import make_user
from tests.tokens import bearer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_asked_yet() -> None:
    cache.clear()


@pytest.fixture
def hub() -> Hub:
    hub = make_hub("C2")
    make_replica(hub, "here")
    make_replica(hub, "Z9:229")
    return hub


@pytest.fixture
def operator() -> User:
    return make_user("operator", "add_collectrun")


def ask(user: User | None, address: str) -> Any:
    headers = bearer(user) if user else {}
    return Client().post(f"/api/v1/{address}/collect/", headers=headers)


def test_looks_at_a_hub_are_queued(hub: Hub, operator: User) -> None:
    answer = ask(operator, "hubs/C2")

    assert answer.status_code == 202
    assert answer.json()["queued"] == list(hub.replicas.values_list("pk", flat=True))
    assert OrmQ.objects.count() == 2


def test_the_answer_leads_to_the_runs(hub: Hub, operator: User) -> None:
    answer = ask(operator, "hubs/C2")
    run = make_run(hub.replicas.all()[0], _later(answer))

    runs = Client().get(answer.json()["runs"], headers=bearer(operator)).json()["results"]

    assert answer["Location"] == answer.json()["runs"]
    assert [row["id"] for row in runs] == [run.pk]


def _later(answer: Any) -> Any:
    return parse_datetime(answer.json()["asked_at"])


def test_a_look_at_one_replica_is_queued(hub: Hub, operator: User) -> None:
    replica = hub.replicas.all()[1]

    answer = ask(operator, f"replicas/{replica.pk}")

    assert (answer.status_code, answer.json()["queued"]) == (202, [replica.pk])
    assert OrmQ.objects.count() == 1


def test_what_is_under_way_is_not_queued_again(hub: Hub, operator: User) -> None:
    first, second = hub.replicas.all()
    make_run(first, timezone.now(), "running", seconds=None)
    ask(operator, f"replicas/{second.pk}")

    told = ask(operator, "hubs/C2").json()

    assert (told["queued"], set(told["under_way"])) == ([], {first.pk, second.pk})


def test_a_disabled_replica_is_not_looked_at(hub: Hub, operator: User) -> None:
    Replica.objects.update(enabled=False)

    told = ask(operator, "hubs/C2").json()

    assert (told["queued"], len(told["disabled"])) == ([], 2)
    assert not OrmQ.objects.exists()


def test_without_the_permission_nothing_is_queued(hub: Hub) -> None:
    assert ask(make_user("viewer", "change_finding"), "hubs/C2").status_code == 403
    assert not OrmQ.objects.exists()


def test_without_login_nothing_is_queued(hub: Hub) -> None:
    assert ask(None, "hubs/C2").status_code == 401
    assert not OrmQ.objects.exists()


def test_a_session_needs_its_csrf_token(hub: Hub, operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)

    assert client.post("/api/v1/hubs/C2/collect/").status_code == 403


@pytest.mark.parametrize("what", ["hubs", "replicas"])
def test_a_hidden_hub_is_not_there(hub: Hub, operator: User, what: str) -> None:
    hub.groups.add(Group.objects.create(name="institute"))
    which = "C2" if what == "hubs" else hub.replicas.all()[0].pk

    assert ask(operator, f"{what}/{which}").status_code == 404
    assert not OrmQ.objects.exists()
