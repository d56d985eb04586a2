"""The work queue with a real cluster: queued looks are made, and once more does no harm."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from alerts.message import Kind, Message, Tone
from alerts.models import Channel, Route
from alerts.outbox import post, reached_by
from hubs.models import Node, Replica
from probes.models import CollectRun, TarballSnapshot
from probes.tasks import collect_all, deliver_due, heartbeat, look, queue_looks
from tests.another_run import another_run
from tests.estate import make_hub, make_node, make_replica
from tests.sinks import SmtpSink
from tests.trees import lay_tarball, stamp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
PATIENCE_SECONDS = 60


@pytest.fixture
def vault(tmp_path: Path) -> Replica:
    """A replica on this machine."""
    make_node("vault", transport=Node.Transport.LOCAL)
    lay_tarball(tmp_path / "vault", f"repos/env/{stamp()}/env.tar.gz".encode())
    return make_replica(make_hub(), node="vault", root=str(tmp_path / "vault"))


def database_url() -> str:
    """Return the URL of the database that this test uses."""
    about = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{about['NAME']}"
    return f"postgres://{about['USER']}:{about['PASSWORD']}@{about['HOST']}:{about['PORT']}/{about['NAME']}"


@pytest.fixture
def cluster(smtp: SmtpSink) -> Iterator[subprocess.Popen[bytes]]:
    """A real `qcluster` on this test's database, and on this run's broker; its mail goes to our server."""
    process = subprocess.Popen(
        [sys.executable, str(django_settings.BASE_DIR / "manage.py"), "qcluster"],
        env=os.environ | {"DATABASE_URL": database_url(), "EMAIL_URL": smtp.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    process.wait(PATIENCE_SECONDS)


def test_a_queued_look_is_made_by_the_cluster(
    vault: Replica, cluster: subprocess.Popen[bytes]
) -> None:
    queue_looks([vault.pk])

    end = time.monotonic() + PATIENCE_SECONDS
    while not CollectRun.objects.complete().exists() and time.monotonic() < end:
        assert cluster.poll() is None
        time.sleep(0.1)

    assert CollectRun.objects.get().status == "ok"
    assert TarballSnapshot.objects.count() == 1


def test_a_queued_look_tells_people(
    vault: Replica, cluster: subprocess.Popen[bytes], smtp: SmtpSink
) -> None:
    channel = Channel.objects.create(name="ops", addresses=["ops@example.org"])
    Route.objects.create(channel=channel)
    vault.root = "/nowhere"
    vault.save()

    queue_looks([vault.pk])
    end = time.monotonic() + PATIENCE_SECONDS
    while not smtp.mails and time.monotonic() < end:
        assert cluster.poll() is None
        time.sleep(0.1)

    assert "root directory missing" in smtp.mails[0].parsed["Subject"]


def test_the_queue_delivers_what_waits(smtp: SmtpSink, settings: Settings) -> None:
    smtp.receives_mail_of(settings)
    channel = Channel.objects.create(name="ops", addresses=["ops@example.org"])
    message = Message(Kind.CHANGE, Tone.ALARM, Tone.ALARM, "it burns", "It burns.")
    post(message, reached_by([channel], None), timezone.now())

    assert deliver_due() == "1 sent, 0 to be tried again, 0 given up"


def test_a_look_done_twice_changes_nothing(vault: Replica) -> None:
    assert [look(vault.pk), look(vault.pk)] == ["ok", "ok"]
    assert TarballSnapshot.objects.count() == 1


def test_a_look_at_a_replica_that_is_gone_ends_quietly() -> None:
    assert look(12345) == "gone"


def test_a_look_that_another_run_is_making_is_left_to_it(vault: Replica) -> None:
    with another_run(vault):
        assert look(vault.pk) == "skipped_locked"


def test_the_scheduled_look_does_what_collect_does(vault: Replica) -> None:
    assert collect_all() == 0


def test_every_schedule_names_a_task_that_can_be_called(vault: Replica) -> None:
    call_command("setup_schedule")

    assert heartbeat()
