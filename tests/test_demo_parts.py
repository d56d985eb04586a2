"""The parts that the demo, the tests and the benchmarks stand on: SSH servers, trees, the bad network."""

import gzip
import hashlib
import socket
import subprocess
import tarfile
from ast import literal_eval
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scmmon_site.demo.sshd import AS_ASKED, Sshd
from scmmon_site.demo.trees import daily, growth, lay, link
from tests.conftest import NodeFactory, ProxyFactory
from tests.proxy import Mode

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def ssh(
    server: Sshd, key: Path, command: str, port: int | None = None
) -> subprocess.CompletedProcess[str]:
    known_hosts = server.directory / "known_hosts"
    known_hosts.write_text(server.known_hosts_line(port))
    options = ["-F", "none", "-i", str(key), "-p", str(port or server.port)]
    options += ["-o", f"UserKnownHostsFile={known_hosts}", "-o", "BatchMode=yes"]
    return subprocess.run(
        ["ssh", *options, f"{server.user}@127.0.0.1", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_node_runs_what_it_is_asked_in_its_own_zone(sshd: NodeFactory, client_key: Path) -> None:
    vault = sshd("vault", time_zone="Asia/Taipei")

    answer = ssh(vault, client_key, 'echo "$HOME $(date +%Z)"')

    assert answer.stdout == f"{vault.directory} CST\n"
    assert vault.logins() == 1


def test_a_forced_node_runs_what_it_likes(sshd: NodeFactory, client_key: Path) -> None:
    noisy = sshd("noisy", forced=f"echo welcome\n{AS_ASKED}")

    assert ssh(noisy, client_key, "echo asked").stdout == "welcome\nasked\n"


def test_a_rekeyed_node_is_not_trusted_any_more(sshd: NodeFactory, client_key: Path) -> None:
    vault = sshd("vault")
    before = vault.known_hosts_line()

    vault.rekey()

    assert vault.known_hosts_line() != before
    assert ssh(vault, client_key, "true").returncode == 0


def test_a_stopped_node_refuses_on_the_same_port(sshd: NodeFactory) -> None:
    mirror = sshd("mirror")

    mirror.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", mirror.port), 2)


def test_a_closing_network_leaves_a_shorter_answer(
    sshd: NodeFactory, proxy: ProxyFactory, client_key: Path
) -> None:
    network = proxy(vault := sshd("vault"))
    network.set(Mode.CLOSE, after=20_000)

    answer = ssh(vault, client_key, "seq 100000", port=network.port)

    assert answer.returncode != 0
    assert network.cut.is_set()


def test_a_laid_tarball_is_an_archive_that_its_sidecar_describes(tmp_path: Path) -> None:
    (tarball,) = lay(tmp_path, "tracs/env", [NOON], zone="Asia/Taipei")

    sidecar = literal_eval(tarball.sidecar.read_text())
    content = tarball.file.read_bytes()

    assert tarball.path == "tracs/env/2026/03/31/200000/env.tar.gz"
    assert sidecar == {"dig": hashlib.md5(content).hexdigest(), "size": len(content)}
    with tarfile.open(tarball.file) as archive:
        assert archive.getnames() == ["tracs/env"]


def test_laying_again_changes_nothing(tmp_path: Path) -> None:
    moments = daily("Europe/Berlin", "02:30", 40, NOON)
    first = lay(tmp_path, "svn/dybsvn", moments, zone="Europe/Berlin")

    again = lay(tmp_path, "svn/dybsvn", moments, zone="Europe/Berlin")

    assert again == first
    assert len({tarball.path for tarball in first}) == 40


def test_a_copy_keeps_what_it_has(tmp_path: Path) -> None:
    laid = lay(tmp_path / "vault", "tracs/env", [NOON])
    link(laid, tmp_path / "attic")
    copy = tmp_path / "attic" / laid[0].path
    copy.unlink()
    copy.write_bytes(gzip.compress(b"other"))

    link(laid, tmp_path / "attic")

    assert gzip.decompress(copy.read_bytes()) == b"other"


def test_sizes_grow_and_are_the_same_each_time() -> None:
    days = [NOON + timedelta(days=back) for back in range(-300, 1)]
    sizes = growth("tracs/env", 10_000, 50)

    series = [sizes(day) for day in days]

    assert series == sorted(series)
    assert series == [growth("tracs/env", 10_000, 50)(day) for day in days]
