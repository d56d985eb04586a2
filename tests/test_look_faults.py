"""Each way in which a node fails, by its real cause: the run says which, and nothing that is known is lost."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probes.models import Finding, TarballSnapshot
from scmmon_site.demo.sshd import AS_ASKED
from scmmon_site.demo.trees import lay
from tests.conftest import NodeFactory, ProxyFactory
from tests.proxy import Mode, Proxy
from tests.real_nodes import RealHub, copy_tree, hours_ago

pytestmark = pytest.mark.django_db(transaction=True)

ZONE = "Asia/Taipei"
STEP_SECONDS = 3
BUDGET_SECONDS = 20  # for three nodes on a busy machine; each step of the bad one has STEP_SECONDS
MID_LISTING = (
    20_000  # bytes towards us: past the login, before the end of a listing of 400 tarballs
)
AS_NOBODY = (
    'exec setpriv --reuid 65534 --regid 65534 --clear-groups /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
)


class Spoiled:
    """A hub on `vault` and `mirror`, which stay well, and on `attic`, which was well when first looked at."""

    def __init__(self, hub: RealHub, network: Proxy) -> None:
        self.hub, self.network = hub, network
        self.attic = hub.servers["attic"]
        self.root = hub.root("attic")


@pytest.fixture
def spoiled(
    tmp_path: Path, sshd: NodeFactory, proxy: ProxyFactory, client_key: Path
) -> Iterator[Spoiled]:
    hub = RealHub(tmp_path, sshd, client_key, ZONE)
    hub.add("vault")
    hub.add("mirror")
    attic = hub.add("attic", seconds=STEP_SECONDS, forced=AS_ASKED)
    network = proxy(attic)
    hub.put_behind("attic", network)
    lay(hub.root("vault"), "tracs/env", hours_ago(3, newest=30), zone=ZONE)
    lay(hub.root("vault"), "folders/bulk", hours_ago(400), zone=ZONE, sizes=300)
    copy_tree(hub.root("vault"), hub.root("mirror"))
    copy_tree(hub.root("vault"), hub.root("attic"))
    assert hub.collect().exit_code == 0
    yield Spoiled(hub, network)
    for folder in hub.root("attic").glob("tracs"):
        folder.chmod(0o755)


def refuse(node: Spoiled) -> None:
    node.network.close()


def show_no_banner(node: Spoiled) -> None:
    node.network.set(Mode.NO_BANNER)


def show_garbage(node: Spoiled) -> None:
    node.network.set(Mode.GARBAGE_BANNER)


def stall(node: Spoiled) -> None:
    node.network.set(Mode.STALL, after=MID_LISTING)


def reset(node: Spoiled) -> None:
    node.network.set(Mode.RESET, after=MID_LISTING)


def close_in_order(node: Spoiled) -> None:
    node.network.set(Mode.CLOSE, after=MID_LISTING)


def forget_host_key(node: Spoiled) -> None:
    node.hub.known_hosts("attic").write_text("")


def change_host_key(node: Spoiled) -> None:
    node.attic.rekey()


def reject_our_key(node: Spoiled) -> None:
    node.attic.authorise(None)


def unmount(node: Spoiled) -> None:
    node.root.rename(node.root.with_name("unmounted"))


def lock_up_a_folder(node: Spoiled) -> None:
    (node.root / "tracs").chmod(0)
    if os.geteuid() == 0:  # whom no folder is closed to
        for parent in (node.root, *node.root.parents):
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 1:
                parent.chmod(parent.stat().st_mode | 0o011)
        node.attic.force(AS_NOBODY)


def flood_before_the_answer(node: Spoiled) -> None:
    node.attic.force("yes spam spam spam spam | head -c 20000000\n" + AS_ASKED)


def flood_after_the_answer(node: Spoiled) -> None:
    node.attic.force('/bin/sh -c "$SSH_ORIGINAL_COMMAND"\nyes spam spam spam spam')


def answer_with_a_wrong_count(node: Spoiled) -> None:
    node.attic.force("""/bin/sh -c "$SSH_ORIGINAL_COMMAND" | sed -z '5d'""")


def flood_with_one_record(node: Spoiled) -> None:
    put_in_place_of_find(node, "exec yes spam")


def kill_find(node: Spoiled) -> None:
    put_in_place_of_find(node, "kill -9 $$")


def put_in_place_of_find(node: Spoiled, listing: str) -> None:
    """Let the node's `find` do this when it is to list; other questions it answers as if all were well."""
    liars = node.root.parent / "liars"
    liars.mkdir()
    (liars / "find").write_text(f'#!/bin/sh\ncase "$*" in *"-type f"*) {listing} ;; esac\n')
    (liars / "find").chmod(0o755)
    node.attic.force(f"PATH={liars}:$PATH\n{AS_ASKED}")


FAULTS: list[tuple[Callable[[Spoiled], None], set[str], str]] = [
    (refuse, {"unreachable"}, "unreachable"),
    (show_no_banner, {"timeout"}, "incomplete"),
    (show_garbage, {"unreachable", "timeout"}, "unreachable incomplete"),
    (forget_host_key, {"host_key"}, "host_key"),
    (change_host_key, {"host_key"}, "host_key"),
    (reject_our_key, {"auth"}, "incomplete"),
    (stall, {"timeout"}, "incomplete"),
    (reset, {"truncated"}, "incomplete"),
    (close_in_order, {"truncated"}, "incomplete"),
    (unmount, {"no_root"}, "no_root"),
    (lock_up_a_folder, {"partial"}, "incomplete"),
    (kill_find, {"partial"}, "incomplete"),
    (flood_before_the_answer, {"overflow"}, "incomplete"),
    (flood_after_the_answer, {"overflow"}, "incomplete"),
    (flood_with_one_record, {"malformed"}, "incomplete"),
    (answer_with_a_wrong_count, {"malformed"}, "incomplete"),
]


@pytest.mark.parametrize(
    ("spoil", "statuses", "codes"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS]
)
def test_a_bad_node_is_named_and_harms_nothing(
    spoiled: Spoiled, spoil: Callable[[Spoiled], None], statuses: set[str], codes: str
) -> None:
    hub, known = spoiled.hub, spoiled.hub.rows("attic")
    logins = spoiled.attic.logins()
    lay(hub.root("vault"), "tracs/env", hours_ago(1), zone=ZONE)
    copy_tree(hub.root("vault"), hub.root("mirror"))

    spoil(spoiled)
    outcome = hub.collect("--full")

    bad = outcome.of("attic")
    assert bad["status"] in statuses, bad
    assert bad["error"]
    assert outcome.statuses["vault"] == outcome.statuses["mirror"] == "ok"
    assert outcome.exit_code == 3
    assert outcome.seconds < BUDGET_SECONDS
    assert hub.rows("attic") == known
    assert hub.rows("vault") == hub.rows("mirror")
    assert len(hub.rows("vault")) == len(known) + 1
    assert not TarballSnapshot.objects.exclude(gone_at=None).exists()
    found = Finding.objects.open().filter(replica__node__tag="attic", repo=None)
    assert set(found.values_list("code", flat=True)) & set(codes.split())
    if "host_key" in statuses:
        assert spoiled.attic.logins() == logins


def test_no_complete_node_is_another_exit_code(spoiled: Spoiled) -> None:
    for server in spoiled.hub.servers.values():
        server.stop()

    assert spoiled.hub.collect().exit_code == 4


def test_a_node_that_is_well_again_is_complete_again(spoiled: Spoiled) -> None:
    close_in_order(spoiled)
    spoiled.hub.collect("--full")
    spoiled.network.set(Mode.PASS)

    outcome = spoiled.hub.collect("--full")

    assert outcome.exit_code == 0
    assert {finding["code"] for finding in outcome.report["findings"]["closed"]} == {"incomplete"}


def test_only_a_complete_full_look_says_that_tarballs_are_gone(spoiled: Spoiled) -> None:
    purged = next((spoiled.root / "tracs").rglob("*.tar.gz"))
    purged.unlink()
    close_in_order(spoiled)
    assert spoiled.hub.collect("--full").of("attic")["gone"] == 0
    spoiled.network.set(Mode.PASS)

    outcome = spoiled.hub.collect("--full")

    assert outcome.of("attic")["gone"] == 1
    (gone,) = TarballSnapshot.objects.exclude(gone_at=None)
    assert gone.path == str(purged.relative_to(spoiled.root))
