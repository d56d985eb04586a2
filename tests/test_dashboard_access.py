"""Who may see what: every address needs a login, and a hub of a group is not there for others."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from hubs.models import Hub, Replica
from probes.models import Finding
from tests.addresses import site_addresses
from tests.estate import NOW, lay_snapshots, make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = {"/login/", "/healthz", "/admin/login/", "/confirm/1/"}
VALUES = {
    "hub": "H", "node": "vault", "category": "tracs", "name": "env", "kind": "svg", "tag": "H",
}  # fmt: skip


def closed_addresses() -> list[str]:
    """Return an address for each pattern of the site that is not open to all, parameters filled in."""
    return sorted({one.filled(VALUES) for one in site_addresses()} - OPEN_TO_ALL)


PAGES = [address for address in closed_addresses() if not address.startswith("/admin/")]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def replica() -> Replica:
    replica = make_replica(make_hub("H"))
    lay_snapshots(replica, stamps=[NOW])
    make_run(replica, NOW)
    Finding.objects.create(
        hub=replica.hub, replica=replica, code="overdue", severity="alarm", subject_key="x",
        message="late", opened_at=NOW, confirmed_at=NOW,
    )  # fmt: skip
    return replica


@pytest.fixture
def secret(replica: Replica) -> Hub:
    """A hub that only the group `institute` may see."""
    replica.hub.groups.add(Group.objects.create(name="institute"))
    return replica.hub


@pytest.fixture
def member(client: Client) -> Client:
    client.force_login(User.objects.create_user("alice"))
    User.objects.get().groups.add(Group.objects.get(name="institute"))
    return client


@pytest.fixture
def outsider(client: Client) -> Client:
    client.force_login(User.objects.create_user("charlie"))
    return client


@pytest.mark.parametrize("address", closed_addresses())
def test_without_login_there_is_nothing(client: Client, replica: Replica, address: str) -> None:
    response = client.get(address)

    if response.status_code == 302:
        assert response["Location"].startswith(("/login/?next=", "/admin/login/?next="))
    else:
        assert response.status_code in (401, 403, 405)
    assert b"tracs" not in response.content


@pytest.mark.parametrize("address", PAGES)
def test_a_get_changes_nothing_and_breaks_nothing(
    admin_client: Client, replica: Replica, address: str
) -> None:
    assert admin_client.get(address).status_code in (200, 404, 405)


PAGES_OF_ONE_HUB = [
    "/hubs/H/",
    "/hubs/H/vault/",
    "/hubs/H/vault/series/",
    "/repos/H/tracs/env/",
    "/findings/{finding}/",
    "/runs/{run}/",
    "/api/v1/hubs/H/",
    "/api/v1/nodes/vault/",
    "/api/v1/replicas/{replica}/",
    "/api/v1/repos/{repo}/",
    "/api/v1/snapshots/{snapshot}/",
    "/api/v1/findings/{finding}/",
    "/api/v1/runs/{run}/",
    "/api/v1/series/H/vault/",
]


def of_hub(address: str, hub: Hub) -> str:
    replica = hub.replicas.get()
    return address.format(
        replica=replica.pk,
        repo=hub.repos.get().pk,
        finding=hub.findings.get().pk,
        run=replica.runs.get().pk,
        snapshot=replica.snapshots.get().pk,
    )


@pytest.mark.parametrize("address", PAGES_OF_ONE_HUB)
def test_a_hub_of_another_group_is_not_found(outsider: Client, secret: Hub, address: str) -> None:
    assert outsider.get(of_hub(address, secret)).status_code == 404


@pytest.mark.parametrize("address", PAGES_OF_ONE_HUB)
def test_a_hub_of_ones_own_group_is_there(secret: Hub, member: Client, address: str) -> None:
    assert member.get(of_hub(address, secret)).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/", "/findings/", "/runs/"]
    + [f"/api/v1/{kind}/" for kind in ("hubs", "nodes", "replicas", "repos")]
    + [f"/api/v1/{kind}/" for kind in ("snapshots", "runs", "findings")],
)
def test_lists_leave_out_the_hubs_of_other_groups(
    outsider: Client, secret: Hub, address: str
) -> None:
    content = outsider.get(address).content

    assert b"tracs" not in content
    assert b"vault" not in content


@pytest.mark.parametrize("kind", ["snapshots", "runs", "findings"])
def test_a_hidden_id_is_like_one_that_is_not_there(
    outsider: Client, secret: Hub, kind: str
) -> None:
    hidden = secret.replicas.get().pk

    answers = [outsider.get(f"/api/v1/{kind}/?replica={pk}") for pk in (hidden, hidden + 1)]

    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].content == answers[1].content


def test_public_pages_open_reading_to_all(
    client: Client, replica: Replica, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert client.get("/hubs/H/").status_code == 200
    assert client.get("/api/v1/hubs/").json()["count"] == 1


def test_public_pages_do_not_show_how_to_log_in_to_nodes(
    client: Client, replica: Replica, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    run = replica.runs.get()
    run.command = "ssh -i /keys/secret scm@vault"
    run.save()

    assert b"/keys/secret" not in client.get(f"/runs/{run.pk}/").content


def test_public_pages_leave_out_hubs_with_groups(
    client: Client, secret: Hub, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert client.get("/hubs/H/").status_code == 404


def test_nobody_else_may_keep_a_page(admin_client: Client) -> None:
    assert admin_client.get("/")["Cache-Control"] == "private, no-store"


def test_a_page_may_load_only_what_is_ours(admin_client: Client) -> None:
    policy = admin_client.get("/")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_logging_out_needs_a_post(admin_client: Client) -> None:
    assert admin_client.get("/logout/").status_code == 405


def test_logging_in_leads_to_the_hubs(client: Client) -> None:
    User.objects.create_user("alice", password="wonderland")

    response = client.post("/login/", {"username": "alice", "password": "wonderland"})

    assert response["Location"] == "/"
