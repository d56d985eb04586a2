"""Asking for looks on the pages: who may, what is queued, and how far it has come."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from dashboard.live.collecting import (
    BEGINS_WITHIN,
    FOLLOWED_FOR,
    collect_now,
    milliseconds,
    progress_of,
)
from hubs.models import Replica
from probes.models import RunStatus
from tests.estate import make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_asked_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def vault() -> Replica:
    return make_replica(make_hub("Z9:hub"))


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user("olga")
    user.user_permissions.add(Permission.objects.get(codename="add_collectrun"))
    client.force_login(user)
    return client


def asked_for(client: Client, address: str = "/collect/Z9:hub/") -> str:
    return str(client.post(address).headers["Location"])


# --- Who ----------------------------------------------------------------------------------------


def test_an_operator_asks_for_looks(operator: Client, vault: Replica) -> None:
    operator.post("/collect/Z9:hub/")

    assert [task.name() for task in OrmQ.objects.all()] == [f"look at {vault.pk}"]


def test_a_viewer_may_not(client: Client, vault: Replica) -> None:
    client.force_login(User.objects.create_user("victor"))

    assert client.post("/collect/Z9:hub/").status_code == 403
    assert not OrmQ.objects.exists()


def test_a_viewer_is_not_offered_it(client: Client, vault: Replica) -> None:
    client.force_login(User.objects.create_user("victor"))

    assert b"Collect now" not in client.get("/hubs/Z9:hub/").content


def test_an_operator_is_offered_it(operator: Client, vault: Replica) -> None:
    assert b"Collect now" in operator.get("/hubs/Z9:hub/").content


def test_a_hidden_hub_is_not_found(operator: Client, vault: Replica) -> None:
    vault.hub.groups.add(Group.objects.create(name="institute"))

    assert operator.post("/collect/Z9:hub/").status_code == 404


def test_asking_without_login_leads_to_the_login_and_then_to_the_hub(
    client: Client, vault: Replica
) -> None:
    assert asked_for(client) == "/login/?next=/hubs/Z9%3Ahub/"


def test_a_get_asks_for_nothing(operator: Client, vault: Replica) -> None:
    assert operator.get("/collect/Z9:hub/").status_code == 405


def test_a_node_that_the_hub_is_not_on_is_not_found(operator: Client, vault: Replica) -> None:
    assert operator.post("/collect/Z9:hub/elsewhere/").status_code == 404


# --- What is queued -------------------------------------------------------------------------------


def test_a_nodes_button_asks_for_that_node_only(operator: Client, vault: Replica) -> None:
    mirror = make_replica(vault.hub, "mirror", "copy")

    operator.post("/collect/Z9:hub/mirror/")

    assert [task.name() for task in OrmQ.objects.all()] == [f"look at {mirror.pk}"]


def test_a_second_click_is_no_second_look(vault: Replica) -> None:
    collect_now([vault])

    again = collect_now([vault])

    assert (again.queued, again.under_way) == ([], [vault])
    assert OrmQ.objects.count() == 1


def test_what_is_being_looked_at_is_not_asked_for_again(vault: Replica) -> None:
    make_run(vault, timezone.now(), RunStatus.RUNNING, seconds=None)

    assert collect_now([vault]).under_way == [vault]
    assert not OrmQ.objects.exists()


def test_a_disabled_replica_is_not_looked_at(vault: Replica) -> None:
    vault.enabled = False

    asked = collect_now([vault])

    assert (asked.queued, asked.disabled) == ([], [vault])


# --- How far it has come ---------------------------------------------------------------------------


def test_the_page_shows_what_waits(operator: Client, vault: Replica) -> None:
    page = operator.get(asked_for(operator).partition("#")[0])

    assert b"Looking: 0 of 1 done." in page.content
    assert b"waiting" in page.content


def test_a_look_that_began_since_is_shown(vault: Replica) -> None:
    now = timezone.now()
    make_run(vault, now, RunStatus.RUNNING, seconds=None)

    looking = progress_of([vault], now - timedelta(seconds=1), now)

    assert looking is not None
    assert [step.state for step in looking.steps] == ["running"]


def test_a_look_that_ended_before_does_not_count(vault: Replica) -> None:
    now = timezone.now()
    make_run(vault, now - timedelta(minutes=5))

    looking = progress_of([vault], now, now)

    assert looking is not None
    assert looking.ended == 0


def test_it_is_over_when_every_look_has_ended_however(vault: Replica) -> None:
    now = timezone.now()
    make_run(vault, now, seconds=0)
    mirror = make_replica(vault.hub, "mirror", "copy")
    make_run(mirror, now, RunStatus.UNREACHABLE, seconds=0)

    looking = progress_of([vault, mirror], now, now)

    assert looking is not None
    assert looking.is_over
    assert [step.state for step in looking.steps] == ["ok", "unknown"]


@pytest.mark.parametrize(
    ("waited", "in_vain"),
    [(BEGINS_WITHIN, False), (BEGINS_WITHIN + timedelta(seconds=1), True)],
)
def test_a_queue_that_nobody_works_on_is_named(
    vault: Replica, waited: timedelta, in_vain: bool
) -> None:
    now = timezone.now()

    looking = progress_of([vault], now - waited, now)

    assert looking is not None
    assert looking.waits_in_vain is in_vain


def test_a_queue_that_dies_half_way_is_named_too(vault: Replica) -> None:
    now = timezone.now()
    mirror = make_replica(vault.hub, "mirror", "copy")
    make_run(vault, now - 2 * BEGINS_WITHIN, seconds=1)

    looking = progress_of([vault, mirror], now - 3 * BEGINS_WITHIN, now)

    assert looking is not None
    assert looking.waits_in_vain


def test_a_queue_that_refuses_may_be_asked_again(
    vault: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("dashboard.live.collecting.queue_looks", _refuse)
        with pytest.raises(ConnectionError):
            collect_now([vault])

    assert collect_now([vault]).queued == [vault]


def _refuse(replica_ids: list[int]) -> None:
    raise ConnectionError("no broker")


@pytest.mark.parametrize("asked", ["", "x", "99999999999999", "\uff11", "1"])
def test_an_address_that_names_no_recent_moment_shows_no_panel(
    operator: Client, vault: Replica, asked: str
) -> None:
    assert b'id="looking"' not in operator.get("/hubs/Z9:hub/", {"asked": asked}).content


def test_an_old_address_shows_no_panel(operator: Client, vault: Replica) -> None:
    asked = milliseconds(timezone.now() - FOLLOWED_FOR - timedelta(minutes=1))

    assert b'id="looking"' not in operator.get("/looking/Z9:hub/", {"asked": asked}).content


@pytest.mark.parametrize("address", ["/looking/Z9:hub/", "/looking/Z9:hub/vault/"])
def test_the_panel_names_its_own_address(operator: Client, vault: Replica, address: str) -> None:
    asked = milliseconds(timezone.now())
    panel = operator.get(address, {"asked": asked}).content.decode()

    assert f'data-src="{address}?asked={asked}"' in unquote(panel)


def test_the_panel_of_a_hidden_hub_is_not_found(operator: Client, vault: Replica) -> None:
    vault.hub.groups.add(Group.objects.create(name="institute"))

    assert operator.get("/looking/Z9:hub/").status_code == 404
