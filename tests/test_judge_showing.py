"""Every finding about a tarball or a repo names the line that shows it on the node."""

import shlex

import pytest

from probes.judge.findings import judge_hub
from tests.estate import DAY, NOW, every, lay_snapshots, make_hub, make_replica, make_run, told

pytestmark = pytest.mark.django_db


def test_a_finding_of_a_repo_says_how_to_list_it() -> None:
    hub = make_hub()
    replica = make_replica(hub, root="/backup/a hub")
    lay_snapshots(replica, stamps=every(9, newest=5 * DAY))
    make_run(replica)
    judge_hub(hub, NOW)

    (finding,) = told(hub, "overdue")

    line = finding.evidence["shown_by"]
    assert shlex.split(line)[:2] == ["find", "/backup/a hub/tracs/env"]
    assert finding.message.endswith(f"On vault: {line}")


def test_a_finding_of_a_tarball_says_how_to_see_it() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9, newest=DAY))
    (empty,) = lay_snapshots(replica, stamps=every(1), size_bytes=0)
    make_run(replica)
    judge_hub(hub, NOW)

    (finding,) = told(hub, "empty_archive")

    assert finding.evidence["shown_by"] == f"ls -l /backup/H/{empty.path.rpartition('/')[0]}"


@pytest.mark.parametrize("name", ["a%0Ab", "$(id)"])
def test_a_name_is_never_left_unquoted(name: str) -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, f"tracs/{name}", every(9, newest=5 * DAY))
    make_run(replica)
    judge_hub(hub, NOW)

    line = told(hub, "overdue")[0].evidence.get("shown_by", "find ''")

    assert len(shlex.split(line)[1].splitlines()) <= 1
    assert "$(" not in line or f"'/backup/H/tracs/{name}'" in line
