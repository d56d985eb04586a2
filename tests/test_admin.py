"""The inventory's admin pages stay quick and safe with many rows."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from hubs.models import Hub, Node, Policy, Repo
from probes.models import TarballSnapshot
from tests.estate import every, lay_snapshots, make_hub, make_node, make_replica, make_repo

pytestmark = pytest.mark.django_db

MODELS = ["hub", "node", "replica", "repo"]


def estate(hubs: int, nodes: int) -> None:
    for number in range(hubs):
        hub = make_hub(f"H{number}", cadence="1d")
        for node in range(nodes):
            make_replica(hub, f"N{node}")
            make_repo(hub, f"tracs/r{node}", grace=None)


def page(model: str, *args: Any) -> str:
    return reverse(f"admin:hubs_{model}_{'change' if args else 'changelist'}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_a_list_asks_no_more_for_more_rows(
    admin_client: Client, model: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    estate(hubs=5, nodes=5)

    with django_assert_max_num_queries(14):
        assert admin_client.get(page(model)).status_code == 200


def test_a_hub_with_many_replicas_asks_no_more(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    estate(hubs=1, nodes=20)

    with django_assert_max_num_queries(18):
        assert admin_client.get(page("hub", Hub.objects.get().pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_lists_can_be_searched(admin_client: Client, model: str) -> None:
    estate(hubs=1, nodes=1)

    assert admin_client.get(page(model), {"q": "H0"}).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_each_row_has_its_page(admin_client: Client, model: str) -> None:
    estate(hubs=1, nodes=1)
    row = apps.get_model("hubs", model)._default_manager.get()

    assert admin_client.get(page(model, row.pk)).status_code == 200


def node_form(**changed: str) -> dict[str, str]:
    form = {"tag": "vault", "transport": "ssh", "host": "vault", "port": "22"}
    return form | {"connect_timeout": "10s", "command_timeout": "1h30m"} | changed


def test_durations_are_typed_as_people_write_them(admin_client: Client) -> None:
    admin_client.post(reverse("admin:hubs_node_add"), node_form())

    assert Node.objects.get().command_timeout.total_seconds() == 5400


@pytest.mark.parametrize(
    ("field", "value"),
    [("host", "-oProxyCommand=touch x"), ("command_timeout", "soon"), ("identity_file", "BEGIN")],
)
def test_a_dangerous_value_is_refused(admin_client: Client, field: str, value: str) -> None:
    answer = admin_client.post(reverse("admin:hubs_node_add"), node_form(**{field: value}))

    assert field in answer.context["adminform"].errors


def hub_form(**changed: str) -> dict[str, str]:
    form = {"tag": "C2", "time_zone": "Asia/Taipei"}
    for prefix in ("replicas", "policy"):
        form |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return form | changed


def test_contacts_are_typed_as_plain_text(admin_client: Client) -> None:
    form = hub_form(contacts="a@example.org, b@example.org\nc@example.org")

    admin_client.post(reverse("admin:hubs_hub_add"), form)

    assert Hub.objects.get().contacts == ["a@example.org", "b@example.org", "c@example.org"]


def test_a_contact_that_is_no_address_is_refused(admin_client: Client) -> None:
    admin_client.post(reverse("admin:hubs_hub_add"), hub_form(contacts="nobody"))

    assert not Hub.objects.exists()


def test_a_hub_is_saved_with_its_replica_and_policy(admin_client: Client) -> None:
    form = hub_form(
        **{
            "replicas-TOTAL_FORMS": "1",
            "replicas-0-node": str(make_node("vault").pk),
            "replicas-0-root": "/backup",
            "replicas-0-role": "source",
            "replicas-0-enabled": "on",
            "policy-TOTAL_FORMS": "1",
            "policy-0-grace": "6h",
        }
    )

    admin_client.post(reverse("admin:hubs_hub_add"), form)

    hub = Hub.objects.get()
    assert (hub.replicas.get().root, hub.limits().grace.total_seconds()) == ("/backup", 21_600)


def test_an_empty_policy_makes_no_row(admin_client: Client) -> None:
    admin_client.post(
        reverse("admin:hubs_hub_add"), hub_form(**{"policy-TOTAL_FORMS": "1", "policy-0-grace": ""})
    )

    assert (Hub.objects.count(), Policy.objects.count()) == (1, 0)


def act(client: Client, model: str, action: str, *keys: int, **more: str) -> Any:
    form = {"action": action, "_selected_action": [str(key) for key in keys]} | more
    return client.post(page(model), form, follow=True)


@pytest.mark.parametrize(("action", "selected"), [("select", True), ("unselect", False)])
def test_repos_are_selected_together(admin_client: Client, action: str, selected: bool) -> None:
    hub = make_hub()
    repos = [make_repo(hub, "tracs/env", selected=not selected), make_repo(hub, "repos/env")]

    act(admin_client, "repo", action, *[repo.pk for repo in repos])

    assert {repo.selected for repo in Repo.objects.all()} == {selected}


def test_a_repo_by_hand_is_category_and_name(admin_client: Client) -> None:
    form = {"hub": str(make_hub().pk), "category": "..", "name": "env"}
    form |= {"policy-TOTAL_FORMS": "0", "policy-INITIAL_FORMS": "0"}

    admin_client.post(reverse("admin:hubs_repo_add"), form)

    assert not Repo.objects.exists()


def test_deleting_a_hub_asks_with_numbers(admin_client: Client) -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=every(7))

    answer = admin_client.get(reverse("admin:hubs_hub_delete", args=[hub.pk]))

    assert "Tarball snapshots: 7" in answer.content.decode().replace("tarball", "Tarball")


def test_deleting_a_hub_takes_its_history(admin_client: Client) -> None:
    hub = make_hub()
    lay_snapshots(make_replica(hub), stamps=every(7))

    act(admin_client, "hub", "delete_selected", hub.pk, post="yes")

    assert (Hub.objects.count(), TarballSnapshot.objects.count()) == (0, 0)


def test_a_node_with_replicas_cannot_be_deleted(admin_client: Client) -> None:
    node = make_replica(make_hub()).node

    admin_client.post(reverse("admin:hubs_node_delete", args=[node.pk]), {"post": "yes"})

    assert Node.objects.exists()


def test_names_from_a_node_are_shown_escaped(admin_client: Client) -> None:
    make_repo(make_hub(), "folders/<img src=x>")

    assert "<img src=x>" not in admin_client.get(page("repo")).content.decode()


def test_who_may_only_see_gets_no_actions(client: Client) -> None:
    make_replica(make_hub())
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(viewer)

    assert 'name="action"' not in client.get(page("hub")).content.decode()
