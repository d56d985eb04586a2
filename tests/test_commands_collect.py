"""`collect` from the outside: exit codes, the JSON that programs read, queueing, and budgets."""

import io
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.brokers import get_broker

from hubs.models import Node, Replica
from probes.models import CollectRun, TarballSnapshot
from tests.another_run import another_run
from tests.estate import make_hub, make_node, make_replica
from tests.trees import lay_tarball, stamp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

REPLICA_KEYS = {
    "hub",
    "node",
    "role",
    "root",
    "status",
    "stage",
    "error",
    "command",
    "method",
    "seen",
    "new",
    "changed",
    "gone",
    "unrecognised",
    "noise_bytes",
    "bytes_received",
    "seconds",
    "clock_skew_seconds",
}


@pytest.fixture
def vault(tmp_path: Path) -> Replica:
    """A replica on this machine, with a week of tarballs."""
    make_node("vault", transport=Node.Transport.LOCAL)
    for days_ago in range(1, 8):
        lay_tarball(tmp_path / "vault", f"repos/env/{stamp(days_ago)}/env.tar.gz".encode())
    return make_replica(make_hub("C2", zone="UTC"), node="vault", root=str(tmp_path / "vault"))


def collect(*arguments: str) -> tuple[int, str]:
    """Run `collect`; return its exit code and what it printed."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("collect", *arguments, "-v0", stdout=out)
    return int(str(ended.value.code)), out.getvalue()


def collect_json(*arguments: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(collect("--format", "json", *arguments)[1])
    return report


def test_a_complete_look_exits_with_0(vault: Replica) -> None:
    assert collect()[0] == 0
    assert TarballSnapshot.objects.count() == 7


def test_the_json_holds_what_programs_rely_on(vault: Replica) -> None:
    report = collect_json()

    assert set(report) == {"started_at", "finished_at", "exit_code", "replicas", "findings"}
    assert set(report["replicas"][0]) == REPLICA_KEYS
    assert set(report["findings"]["open"]) == {"alarm", "warn", "notice"}


def test_a_look_counts_what_it_saw(vault: Replica) -> None:
    replica = collect_json()["replicas"][0]

    assert (replica["status"], replica["seen"], replica["new"]) == ("ok", 7, 7)
    assert replica["method"] == "gnu"


def test_one_bad_replica_exits_with_3_and_leaves_the_other_complete(vault: Replica) -> None:
    make_replica(vault.hub, node="vault", root="/nowhere/backup", role="copy")

    report = collect_json()

    assert report["exit_code"] == 3
    assert sorted(r["status"] for r in report["replicas"]) == ["no_root", "ok"]


def test_no_complete_replica_exits_with_4(vault: Replica) -> None:
    Replica.objects.update(root="/nowhere/backup")

    assert collect()[0] == 4


def test_replicas_that_another_run_looks_at_exit_with_75(vault: Replica) -> None:
    with another_run(vault):
        report = collect_json()

    assert report["exit_code"] == 75
    assert report["replicas"][0]["status"] == "skipped_locked"


def test_a_run_that_had_to_skip_all_still_tells_what_is_open(vault: Replica) -> None:
    lay_tarball(Path(vault.root), f"repos/env/{stamp(0.1)}/env.tar.gz".encode(), size_bytes=0)
    collect()

    with another_run(vault):
        report = collect_json()

    assert report["findings"]["open"]["alarm"] == 1


def test_a_quiet_round_without_news_prints_nothing(vault: Replica) -> None:
    collect()

    assert collect() == (0, "")


@pytest.mark.parametrize("arguments", [["NOPE"], ["--node", "nope"], ["--workers", "0"]])
def test_wrong_usage_exits_with_2_and_contacts_nobody(vault: Replica, arguments: list[str]) -> None:
    with pytest.raises(CommandError) as told:
        call_command("collect", *arguments)

    assert told.value.returncode == 2
    assert not CollectRun.objects.exists()


def test_nothing_to_look_at_is_wrong_usage() -> None:
    with pytest.raises(CommandError, match="no enabled replica"):
        call_command("collect")


def test_a_hub_and_a_node_limit_the_look(vault: Replica, tmp_path: Path) -> None:
    make_replica(make_hub("G"), node="vault", root=str(tmp_path))

    assert [r["hub"] for r in collect_json("G")["replicas"]] == ["G"]
    assert len(collect_json("--node", "vault")["replicas"]) == 2


def test_what_is_not_enabled_is_left_alone(vault: Replica) -> None:
    make_replica(vault.hub, node="vault", root="/nowhere/x", enabled=False)

    assert len(collect_json()["replicas"]) == 1


def test_a_finding_changes_the_exit_code_only_when_asked(vault: Replica) -> None:
    lay_tarball(Path(vault.root), f"repos/env/{stamp(0.1)}/env.tar.gz".encode(), size_bytes=0)

    assert collect()[0] == 0
    assert collect("--fail-on", "alarm")[0] == 5


def test_a_run_that_was_killed_is_marked_aborted_by_the_next(vault: Replica) -> None:
    begun_at = timezone.now() - timedelta(hours=3)
    killed = CollectRun.objects.create(replica=vault, batch="x", started_at=begun_at)

    collect()

    killed.refresh_from_db()
    assert killed.status == "aborted"
    assert killed.finished_at is not None


def test_a_daily_look_follows_a_full_one_until_that_is_a_week_old(vault: Replica) -> None:
    collect()
    collect()
    assert not CollectRun.objects.latest("id").full
    CollectRun.objects.update(started_at=timezone.now() - timedelta(days=8))

    collect()

    assert CollectRun.objects.latest("id").full


def test_a_daily_look_at_a_root_that_is_empty_all_at_once_becomes_a_full_one(
    vault: Replica,
) -> None:
    collect()
    shutil.rmtree(Path(vault.root) / "repos")

    report = collect_json()

    assert report["replicas"][0]["gone"] == 7
    assert [finding["code"] for finding in report["findings"]["opened"]] == ["empty"]


def test_what_the_budget_leaves_no_time_for_is_out_of_time(vault: Replica, settings: Any) -> None:
    settings.SCMMON_RUN_BUDGET = 0

    assert collect_json()["replicas"][0]["status"] == "timeout"


def test_the_text_names_what_opened(vault: Replica) -> None:
    lay_tarball(Path(vault.root), f"repos/env/{stamp(0.1)}/env.tar.gz".encode(), size_bytes=0)

    assert "empty_archive" in collect()[1]


def test_queueing_leaves_the_look_to_the_queue(vault: Replica) -> None:
    broker, out = get_broker(), io.StringIO()
    broker.purge_queue()

    call_command("collect", "--queue", stdout=out)

    assert broker.queue_size() == 1
    assert not CollectRun.objects.exists()
    assert "queued 1 looks" in out.getvalue()


def test_the_line_kept_with_a_run_asks_the_same_by_hand(vault: Replica) -> None:
    collect("--full")
    line = CollectRun.objects.latest("id").command

    answer = subprocess.run(line, shell=True, stdout=subprocess.PIPE, check=True).stdout

    assert answer.count(b"env.tar.gz\0") == 7
