"""What a real node may hold: hostile names, hostile sidecars, stamps of every zone; each is one exact row."""

import csv
import io
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from hubs.names import to_bytes
from probes.models import Finding, TarballSnapshot
from scmmon_site.demo.trees import Tarball, lay
from tests.conftest import NodeFactory
from tests.real_nodes import RealHub, hours_ago

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

CANARY = "canary"
HOSTILE_NAMES = [
    b"new\nline",
    b"carriage\rreturn",
    b"tab\there",
    b"single'quote",
    b'double"quote',
    b"$(touch canary)",
    b"`touch canary`",
    b"; touch canary;",
    b"-rf",
    b"--help",
    b" spaces ",
    b"back\\slash",
    b"per%41cent",
    b"<img src=x onerror=alert(1)>",
    b"<script>alert(1)",
    b"=HYPERLINK(1)",
    "bidi\u202etxt".encode(),
    b"\x1b[2J",
    b"not-utf8-\xff",
    b"not-utf8-\xfe",
    "\u00e9\u4e2d\u6587".encode(),
    b"x" * 240,
]

MakeHub = Callable[[str], RealHub]


@pytest.fixture
def make_hub(tmp_path: Path, sshd: NodeFactory, client_key: Path) -> MakeHub:
    def make(zone: str) -> RealHub:
        hub = RealHub(tmp_path, sshd, client_key, zone)
        hub.add("vault")
        return hub

    return make


def put(root: Path, path: bytes) -> bytes:
    """Make a file whose name need not be text; return its path."""
    file = root / os.fsdecode(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(path)
    return path


def stamp_of(moment: datetime) -> bytes:
    return moment.strftime("%Y/%m/%d/%H%M%S").encode()


@pytest.fixture
def hostile(make_hub: MakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[bytes]:
    """Collect a node with every hostile name, as file and as repo; give the paths that are there."""
    monkeypatch.chdir(tmp_path)
    hub = make_hub("UTC")
    root, (at,) = hub.root("vault"), hours_ago(1)
    there = {put(root, b"svn/%b/%b/a.tar.gz" % (name, stamp_of(at))) for name in HOSTILE_NAMES}
    there |= {
        put(root, b"svn/r%d/%b/%b.tar.gz" % (number, stamp_of(at), name))
        for number, name in enumerate(HOSTILE_NAMES)
    }
    assert hub.collect().exit_code == 0
    return there


def test_hostile_names_are_one_reversible_row_each(hostile: set[bytes], tmp_path: Path) -> None:
    rows = TarballSnapshot.objects.values_list("path", "size_bytes")

    assert sorted(to_bytes(path) for path, _ in rows) == sorted(hostile)
    assert all(size == len(to_bytes(path)) for path, size in rows)
    assert all(path.isprintable() for path, _ in rows)
    assert not list(tmp_path.rglob(CANARY))


def test_hostile_names_leave_as_the_bytes_they_are(hostile: set[bytes]) -> None:
    out = io.StringIO(newline="")

    call_command("export_snapshots", stdout=out)

    rows = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    exported = {row["path"].encode("utf-8", "surrogateescape") for row in rows}
    assert exported == hostile


def test_hostile_names_are_only_text_on_a_page(hostile: set[bytes], admin_client: Client) -> None:
    page = admin_client.get("/hubs/C2/").content

    assert b"&lt;img src=x" in page
    assert b"<img src=x" not in page
    assert b"<script>alert" not in page
    assert b"\x1b" not in page
    assert "\u202e".encode() not in page


HOSTILE_SIDECARS = {
    "code": b"__import__('os').system('touch canary')",
    "code in a dict": b"{'dig': __import__('os').system('touch canary'), 'size': 1}",
    "junk": bytes(range(256)),
    "empty": b"",
    "huge": b"{'dig': '" + b"a" * 2_000_000 + b"', 'size': 1}",
    "many lines": b"x\n" * 5000,
}


@pytest.mark.parametrize("content", HOSTILE_SIDECARS.values(), ids=HOSTILE_SIDECARS.keys())
def test_a_sidecar_that_is_no_sidecar_is_named_and_never_run(
    make_hub: MakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    hub = make_hub("UTC")
    good, bad = lay(hub.root("vault"), "tracs/env", hours_ago(2, newest=20))
    bad.sidecar.write_bytes(content)

    assert hub.collect().exit_code == 0

    states = dict(TarballSnapshot.objects.values_list("path", "sidecar_state"))
    assert states == {good.path: "ok", bad.path: "bad"}
    assert Finding.objects.open().get(code="bad_sidecar").path == bad.path
    assert not list(tmp_path.rglob(CANARY))


def test_a_sidecar_of_python_2_is_understood(make_hub: MakeHub) -> None:
    hub = make_hub("UTC")
    tarball = _with_old_sidecar(hub.root("vault"))

    hub.collect()

    row = TarballSnapshot.objects.get()
    assert (row.sidecar_digest, row.sidecar_size_bytes) == (tarball.digest, tarball.size_bytes)


def _with_old_sidecar(root: Path) -> Tarball:
    (tarball,) = lay(root, "tracs/env", hours_ago(1))
    tarball.sidecar.write_text(f"{{'dig': '{tarball.digest}', 'size': {tarball.size_bytes}L}}")
    return tarball


# Stamp as written in the hub's zone, and the moment it means. On the night when clocks go forward 02:30
# does not happen; on the one when they go back it happens twice, and the first is meant.
STAMPS = {
    "Asia/Taipei": {
        "2025/03/01/041000": "2025-02-28 20:10:00",
        "2025/01/01/000000": "2024-12-31 16:00:00",
    },
    "Europe/Berlin": {
        "2025/03/30/015959": "2025-03-30 00:59:59",
        "2025/03/30/023000": "2025-03-30 01:30:00",
        "2025/03/30/030000": "2025-03-30 01:00:00",
        "2025/10/26/015959": "2025-10-25 23:59:59",
        "2025/10/26/023000": "2025-10-26 00:30:00",
        "2025/10/26/030000": "2025-10-26 02:00:00",
    },
}


@pytest.mark.parametrize("zone", STAMPS)
def test_a_stamp_means_its_moment_in_the_zone_of_its_hub(make_hub: MakeHub, zone: str) -> None:
    hub = make_hub(zone)
    for stamp in STAMPS[zone]:
        put(hub.root("vault"), f"tracs/env/{stamp}/env.tar.gz".encode())

    assert hub.collect().exit_code == 0

    seen = dict(TarballSnapshot.objects.values_list("stamp_text", "stamp_at"))
    assert seen == {
        stamp: datetime.fromisoformat(moment).replace(tzinfo=UTC)
        for stamp, moment in STAMPS[zone].items()
    }
