"""What somebody with fresh eyes broke once, and what must not break again."""

import getpass
from datetime import timedelta
from pathlib import Path

import pytest

from hubs.models import Node
from hubs.names import one_line
from probes.judge.conclusion import replica_states
from probes.judge.findings import judge_hub
from probes.look.ingest import Sighted, is_other_tarball
from probes.look.layout import split_place
from probes.look.listing import file_of, parse_trailer
from probes.look.transport import Address, TransportError, open_session
from probes.models import CollectRun
from probes.pipeline import collect_replicas
from scmmon_site.demo.sshd import Sshd
from tests.conftest import NodeFactory
from tests.estate import HOUR, NOW, make_hub, make_node, make_replica, make_run, open_codes
from tests.trees import lay_tarball, stamp

# --- Connections -------------------------------------------------------------------------------


def address(server: Sshd, known: Path, key: Path, jump_host: str = "") -> Address:
    return Address(
        "vault",
        host="127.0.0.1",
        port=server.port,
        user=getpass.getuser(),
        identity_file=str(key),
        known_hosts=str(known),
        jump_host=jump_host,
        connect_seconds=5,
    )


def said(reached: Address) -> bytes:
    session = open_session(reached)
    try:
        return b"".join(session.ask("echo hello", seconds=10).blocks())
    finally:
        session.close()


def test_a_node_is_reached_through_a_jump_host(
    sshd: NodeFactory, client_key: Path, tmp_path: Path
) -> None:
    vault, gate = sshd("vault"), sshd("gate")
    known = tmp_path / "known"
    known.write_text(vault.known_hosts_line() + "\n" + gate.known_hosts_line() + "\n")
    hop = f"{getpass.getuser()}@127.0.0.1:{gate.port}"

    assert said(address(vault, known, client_key, hop)) == b"hello\n"


def test_a_jump_host_whose_key_is_unknown_is_refused(
    sshd: NodeFactory, client_key: Path, tmp_path: Path
) -> None:
    vault, gate = sshd("vault"), sshd("gate")
    known = tmp_path / "known"
    known.write_text(vault.known_hosts_line() + "\n")
    hop = f"{getpass.getuser()}@127.0.0.1:{gate.port}"

    with pytest.raises(TransportError) as told:
        said(address(vault, known, client_key, hop))

    assert told.value.status == "host_key"
    assert gate.logins() == 0


@pytest.mark.parametrize("marker", ["@revoked * ", " @revoked * ", "@revoked  * ", "@revoked *\t"])
def test_a_revoked_key_is_refused_however_its_line_is_spaced(
    sshd: NodeFactory, client_key: Path, tmp_path: Path, marker: str
) -> None:
    vault = sshd("vault")
    known = tmp_path / "known"
    line = vault.known_hosts_line().strip()
    known.write_text(f"{line}\n{marker}{line.split(' ', 1)[1]}\n")

    with pytest.raises(TransportError) as told:
        said(address(vault, known, client_key))

    assert told.value.status == "host_key"


# --- Numbers and names from a node -------------------------------------------------------------


@pytest.mark.parametrize("mtime", [b"999999999999", b"-62135596801", b"9" * 30])
def test_a_time_that_no_calendar_holds_is_unknown(mtime: bytes) -> None:
    assert file_of(b"F3\t" + mtime + b"\tpath").mtime_epoch is None


def test_a_size_that_no_database_holds_is_cut() -> None:
    assert file_of(b"F9223372036854775807\t1\tpath").size_bytes == 1 << 60


def test_a_disk_that_no_database_holds_is_unknown() -> None:
    line = b"SCMMON-END n gnu 0 0 1 fuse 18014398509481984 1 18014398509481983 1% /data"

    assert parse_trailer(line, "n").free_bytes is None


def test_what_a_node_says_cannot_break_a_line_or_a_terminal() -> None:
    assert one_line("a\x1b[2J\nb\u202ec") == "a\\x1b[2J b\\x202ec"


def test_a_copy_unpacked_inside_a_backup_is_none() -> None:
    path = b"nest/n/2025/03/05/old/tracs/env/2024/01/02/030405/env.tar.gz"

    assert split_place(path) is None


# --- What counts as a change -------------------------------------------------------------------


def test_digests_of_two_kinds_are_not_compared() -> None:
    before = Sighted(1, NOW, "dna", "ok", "", "a" * 32)

    assert not is_other_tarball(before, Sighted(1, NOW, "sha256", "ok", "", "b" * 64))


def test_a_time_that_a_form_of_listing_does_not_know_is_no_change() -> None:
    assert not is_other_tarball(Sighted(1, NOW), Sighted(1, None))


# --- Runs and what is judged from them ---------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_does_not_stop_the_looks(tmp_path: Path) -> None:
    hub = make_hub()
    replicas = []
    for name in ("vault", "attic", "mirror"):
        make_node(name, transport=Node.Transport.LOCAL)
        lay_tarball(tmp_path / name, f"repos/env/{stamp()}/env.tar.gz".encode())
        replicas.append(make_replica(hub, name, root=str(tmp_path / name)))

    def broken(run: CollectRun) -> None:
        raise BrokenPipeError

    report = collect_replicas(replicas, workers=1, progress=broken)

    assert [run.status for run in report.runs] == ["ok"] * 3


@pytest.mark.django_db
def test_a_look_stamped_in_the_future_hides_no_later_one() -> None:
    replica = make_replica(make_hub())
    make_run(replica, NOW + timedelta(days=3650))
    make_run(replica, NOW - HOUR, status="unreachable")

    assert not replica_states([replica], NOW)[replica.pk].known


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "then"), [("host_key", "unreachable"), ("unreachable", "aborted")]
)
def test_a_finding_about_looks_does_not_close_on_a_look_that_saw_less(
    first: str, then: str
) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    make_run(replica, NOW - 2 * HOUR, status=first)
    judge_hub(hub, NOW - 2 * HOUR)
    make_run(replica, NOW - HOUR, status=then)

    judge_hub(hub, NOW)

    assert first in open_codes(hub)
