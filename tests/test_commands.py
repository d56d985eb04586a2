"""The other commands from the outside: judge, findings, status, hostkey, export_snapshots, setup_schedule."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import Schedule

from hubs.models import Node
from hubs.names import key, to_text
from probes.models import TarballSnapshot
from probes.tasks import SCHEDULES
from scmmon_site.demo.sshd import Sshd
from tests.conftest import NodeFactory
from tests.estate import HOUR, lay_snapshots, make_hub, make_node, make_replica, make_run

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[int, str]:
    """Run a command; return its exit code and what it printed."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py as a shell would."""
    line = [sys.executable, str(django_settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(line, env=os.environ | environment, capture_output=True, text=True)


# --- status ------------------------------------------------------------------------------------


def test_status_is_unknown_before_any_look() -> None:
    make_replica(make_hub())

    assert run("status")[0] == 3


def test_status_without_any_hub_is_unknown_and_says_so() -> None:
    code, text = run("status")

    assert code == 3
    assert "no hub" in text


def test_status_is_0_for_a_healthy_hub_with_performance_data() -> None:
    now = timezone.now()
    replica = make_replica(make_hub())
    make_run(replica, now - HOUR)
    lay_snapshots(replica, stamps=[now - 2 * HOUR])

    code, text = run("status", "H")

    assert code == 0
    assert text.startswith("H OK - ")
    assert "| alarms=0;;1 " in text


def test_status_is_2_when_one_hub_has_an_alarm_and_another_is_unknown() -> None:
    make_replica(make_hub("G"))
    replica = make_replica(make_hub("H"))
    make_run(replica, timezone.now() - HOUR, status="unreachable")
    run("judge")

    code, text = run("status")

    assert code == 2
    assert len(text.splitlines()) == 2


def test_status_for_programs_is_one_document() -> None:
    make_replica(make_hub())

    assert json.loads(run("status", "--format", "json")[1])[0]["state"] == "unknown"


# --- judge and findings ------------------------------------------------------------------------


def test_judge_tells_what_opened_without_looking() -> None:
    make_run(make_replica(make_hub()), timezone.now() - HOUR, status="unreachable")

    assert "unreachable" in run("judge")[1]
    assert [f["code"] for f in json.loads(run("findings", "--format", "json")[1])] == [
        "unreachable"
    ]


def test_a_closed_finding_is_listed_only_with_all() -> None:
    replica = make_replica(make_hub())
    make_run(replica, timezone.now() - 2 * HOUR, status="unreachable")
    run("judge")
    make_run(replica, timezone.now() - HOUR)
    lay_snapshots(replica, stamps=[timezone.now() - 2 * HOUR])
    run("judge")

    assert run("findings")[1] == ""
    assert "unreachable" in run("findings", "--all")[1]


def test_an_unknown_hub_is_wrong_usage() -> None:
    for command in ("judge", "findings", "export_snapshots"):
        with pytest.raises(CommandError) as told:
            call_command(command, "NOPE")
        assert told.value.returncode == 2


def test_status_of_an_unknown_hub_is_unknown_where_nagios_reads_it() -> None:
    code, text = run("status", "NOPE")

    assert code == 3
    assert text.startswith("UNKNOWN - there is no hub NOPE")


# --- export_snapshots --------------------------------------------------------------------------


def exported() -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    call_command("export_snapshots", stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_the_export_has_the_columns_of_the_contract() -> None:
    lay_snapshots(make_replica(make_hub()), stamps=[timezone.now()])

    assert list(exported()[0]) == [
        "hub",
        "node",
        "root",
        "path",
        "size_bytes",
        "mtime_at",
        "sidecar_digest",
        "sidecar_size",
        "first_seen_at",
        "gone_at",
    ]


def test_times_are_exported_with_their_offset() -> None:
    lay_snapshots(make_replica(make_hub()), stamps=[timezone.now()])

    row = exported()[0]

    assert row["first_seen_at"].endswith("+00:00")
    assert row["gone_at"] == ""


@pytest.mark.parametrize("name", [b"new\nline", b'quoted",', b"a\xff", b"%41"])
def test_the_bytes_of_a_path_are_exported_exactly(name: bytes) -> None:
    path = b"repos/env/2023/11/14/104701/" + name
    snapshot = lay_snapshots(make_replica(make_hub()), stamps=[timezone.now()])[0]
    TarballSnapshot.objects.filter(pk=snapshot.pk).update(path=to_text(path), path_key=key("x"))

    assert os.fsencode(exported()[0]["path"]) == path


def test_a_path_that_a_spreadsheet_would_run_is_exported_with_a_dot() -> None:
    snapshot = lay_snapshots(make_replica(make_hub()), stamps=[timezone.now()])[0]
    TarballSnapshot.objects.filter(pk=snapshot.pk).update(path="=cmd/x", path_key=key("x"))

    assert exported()[0]["path"] == "./=cmd/x"


# --- hostkey -----------------------------------------------------------------------------------


@pytest.fixture
def mirror(sshd: NodeFactory, tmp_path: Path) -> Sshd:
    """A node whose key nobody has pinned."""
    server = sshd("mirror")
    make_node("mirror", host="127.0.0.1", port=server.port, known_hosts=str(tmp_path / "known"))
    return server


def test_hostkey_shows_a_key_and_how_to_pin_it(mirror: Sshd) -> None:
    text = run("hostkey", "mirror")[1]

    assert "SHA256:" in text
    assert "--pin SHA256:" in text


def test_a_key_is_pinned_when_its_fingerprint_is_the_one_given(
    mirror: Sshd, tmp_path: Path
) -> None:
    fingerprint = json.loads(run("hostkey", "mirror", "--format", "json")[1])["fingerprint"]

    run("hostkey", "mirror", "--pin", fingerprint)

    assert (tmp_path / "known").read_text().startswith(f"[127.0.0.1]:{mirror.port} ssh-ed25519 ")
    assert json.loads(run("hostkey", "mirror", "--format", "json")[1])["known"]


def test_a_key_with_another_fingerprint_is_not_pinned(mirror: Sshd, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nothing was pinned"):
        call_command("hostkey", "mirror", "--pin", "SHA256:another")

    assert not (tmp_path / "known").exists()


def test_a_changed_key_is_said_to_be_one_and_is_not_pinned_beside_the_old(
    mirror: Sshd, tmp_path: Path
) -> None:
    old = json.loads(run("hostkey", "mirror", "--format", "json")[1])["fingerprint"]
    run("hostkey", "mirror", "--pin", old)
    mirror.rekey()
    new = json.loads(run("hostkey", "mirror", "--format", "json")[1])["fingerprint"]

    assert f"CHANGED: pinned in {tmp_path / 'known'} is {old}" in run("hostkey", "mirror")[1]
    with pytest.raises(CommandError, match="ssh-keygen -R"):
        call_command("hostkey", "mirror", "--pin", new)


def test_a_node_that_is_not_reached_over_ssh_has_no_host_key() -> None:
    make_node("vault", transport=Node.Transport.LOCAL)

    with pytest.raises(CommandError, match="no SSH node"):
        call_command("hostkey", "vault")


# --- setup_schedule and the configuration ------------------------------------------------------


def test_schedules_are_made_once() -> None:
    assert run("setup_schedule")[1].count("added") == len(SCHEDULES)
    assert run("setup_schedule")[1].strip() == "no changes"
    assert Schedule.objects.count() == len(SCHEDULES)


def test_a_time_that_the_operator_chose_stays() -> None:
    run("setup_schedule")
    Schedule.objects.update(cron="1 2 * * *")

    run("setup_schedule")

    assert set(Schedule.objects.values_list("cron", flat=True)) == {"1 2 * * *"}


def test_a_database_of_another_version_exits_with_2(tmp_path: Path) -> None:
    ended = manage("collect", DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")

    assert ended.returncode == 2
    assert "manage.py migrate" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("SCMMON_PUBLIC_PAGES", "perhaps", "E001"),
        ("SCMMON_WORKERS", "many", "E002"),
        ("DATABASE_URL", "nonsense", "E003"),
        ("DATABASE_URL", "mysql://root@127.0.0.1/test", "E003"),
        ("EMAIL_URL", "nonsense://x", "E004"),
        ("SCMMON_SITE_URL", "monitor.example.org", "E005"),
        ("SCMMON_SSH_CONFIG", "/nowhere/config", "E006"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0", "E103"),
    ],
)
def test_a_wrong_switch_exits_with_2_and_a_numbered_sentence(
    name: str, value: str, number: str, tmp_path: Path
) -> None:
    sound = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "REDIS_URL": ""}
    ended = manage("findings", **(sound | {name: value}))

    assert ended.returncode == 2
    assert f"scmmon.{number}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_schedule_that_would_run_anything_else_is_refused_by_check() -> None:
    from scmmon_site.checks import schedules

    Schedule.objects.create(name="evil", func="os.system")

    assert [problem.id for problem in schedules(["default"])] == ["scmmon.E105"]
