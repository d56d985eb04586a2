"""The admin looks at nodes on request, and shows what was seen and queued without letting it be changed."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Success

from hubs.models import Replica, Repo
from probes.models import CollectRun
from tests.estate import every, lay_snapshots, make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def vault(tmp_path: Path) -> Replica:
    """A replica with one tarball and one file that does not fit."""
    stamp = timezone.now().strftime("%Y/%m/%d/010203")
    tarball = tmp_path / "tracs" / "<b>env" / stamp / "env.tar.gz"
    tarball.parent.mkdir(parents=True)
    tarball.write_bytes(b"x")
    (tmp_path / "stray.tar.gz").write_bytes(b"x")
    replica = make_replica(make_hub(), "vault", root=str(tmp_path))
    replica.node.transport = "local"
    replica.node.save()
    return replica


def act(client: Client, row: Any, action: str, *more: Any) -> Any:
    keys = [str(each.pk) for each in (row, *more)]
    url = reverse(f"admin:hubs_{row._meta.model_name}_changelist")
    return client.post(url, {"action": action, "_selected_action": keys})


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.mark.parametrize("kind", ["replica", "node"])
def test_a_connection_is_tested(admin_client: Client, vault: Replica, kind: str) -> None:
    row = vault if kind == "replica" else vault.node

    page = act(admin_client, row, "test_connection").content.decode()

    assert ("tracs/&lt;b&gt;env/" in page, "stray.tar.gz" in page, "find" in page) == (
        True,
        True,
        True,
    )


def test_a_tested_connection_stores_nothing(admin_client: Client, vault: Replica) -> None:
    act(admin_client, vault, "test_connection")

    assert (CollectRun.objects.count(), Repo.objects.count()) == (0, 0)


def test_a_failed_connection_says_why(admin_client: Client, vault: Replica) -> None:
    Replica.objects.update(root="/nowhere/at/all")

    page = act(admin_client, vault, "test_connection").content.decode()

    assert "no_root" in page


def test_repos_are_discovered(admin_client: Client, vault: Replica) -> None:
    act(admin_client, vault, "discover_repos")

    assert [repo.path for repo in Repo.objects.all()] == ["tracs/<b>env"]


def test_a_failed_discovery_says_why(admin_client: Client, vault: Replica) -> None:
    Replica.objects.update(root="/nowhere/at/all")

    assert "H on vault: " in said(act(admin_client, vault, "discover_repos"))


@pytest.mark.parametrize("kind", ["hub", "node", "replica"])
def test_looks_are_queued(admin_client: Client, kind: str) -> None:
    replica = make_replica(make_hub())
    row = {"hub": replica.hub, "node": replica.node, "replica": replica}[kind]

    act(admin_client, row, "collect_now")

    assert OrmQ.objects.count() == 1


def test_what_is_not_enabled_is_not_looked_at(admin_client: Client) -> None:
    replica = make_replica(make_hub(), enabled=False)

    assert "no enabled replica" in said(act(admin_client, replica, "collect_now"))


def test_a_page_waits_for_a_few_nodes_only(admin_client: Client) -> None:
    hub = make_hub()
    for number in range(6):
        make_replica(hub, f"N{number}")

    assert "at most 5" in said(act(admin_client, hub, "discover_repos"))


@pytest.mark.parametrize("model", ["collectrun", "tarballsnapshot", "finding"])
def test_what_was_seen_is_listed(admin_client: Client, model: str) -> None:
    replica = make_replica(make_hub())
    make_run(replica)
    lay_snapshots(replica, stamps=every(2))

    answer = admin_client.get(reverse(f"admin:probes_{model}_changelist"), {"q": "env"})

    assert answer.status_code == 200


@pytest.mark.parametrize("page", ["add", "delete", "change"])
def test_what_was_seen_cannot_be_changed(admin_client: Client, page: str) -> None:
    run = make_run(make_replica(make_hub()))
    args = [] if page == "add" else [run.pk]

    answer = admin_client.post(reverse(f"admin:probes_collectrun_{page}", args=args), {})

    assert answer.status_code == 403


@pytest.mark.parametrize("page", ["add", "delete", "change"])
def test_a_schedule_cannot_be_changed(admin_client: Client, page: str) -> None:
    schedule = Schedule.objects.create(func="probes.tasks.heartbeat")
    args = [] if page == "add" else [schedule.pk]

    answer = admin_client.post(reverse(f"admin:django_q_schedule_{page}", args=args), {})

    assert answer.status_code == 403


@pytest.mark.parametrize("model", ["schedule", "success", "failure"])
def test_the_work_queue_can_be_read(admin_client: Client, model: str) -> None:
    assert admin_client.get(reverse(f"admin:django_q_{model}_changelist")).status_code == 200


def test_a_done_task_cannot_be_sent_again(admin_client: Client) -> None:
    Success.objects.create(
        id="x" * 32,
        name="look",
        func="probes.tasks.look",
        started=timezone.now(),
        stopped=timezone.now(),
        success=True,
    )

    page = admin_client.get(reverse("admin:django_q_success_changelist")).content.decode()

    assert 'name="action"' not in page


def test_the_queue_itself_has_no_page() -> None:
    assert not admin.site.is_registered(OrmQ)
    with pytest.raises(NoReverseMatch):
        reverse("admin:django_q_ormq_changelist")
