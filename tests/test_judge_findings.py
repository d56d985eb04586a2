"""The life of a finding: opens once, is confirmed, and closes only on good evidence."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hubs.models import Hub, Replica, Repo
from probes.judge import findings, history
from probes.judge.findings import judge_hub
from probes.judge.values import Verdict
from probes.models import Finding, TarballSnapshot
from tests.estate import (
    DAY,
    HOUR,
    NOW,
    every,
    lay_snapshots,
    make_hub,
    make_replica,
    make_repo,
    make_run,
    open_codes,
    told,
)

pytestmark = pytest.mark.django_db


def late(hub: Hub, node: str = "attic") -> Replica:
    """Store a replica whose only repo is overdue, looked at and judged."""
    replica = make_replica(hub, node)
    lay_snapshots(replica, stamps=every(9, newest=5 * DAY))
    make_run(replica)
    judge_hub(hub, NOW)
    return replica


def test_judging_twice_opens_once() -> None:
    hub = make_hub()
    late(hub)

    changes = judge_hub(hub, NOW + HOUR)

    assert (changes.opened, changes.closed) == ([], [])
    finding = Finding.objects.get()
    assert (finding.opened_at, finding.confirmed_at) == (NOW, NOW + HOUR)


def test_confirming_writes_with_one_update() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9), sidecar_state="bad")
    make_run(replica)
    judge_hub(hub, NOW)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        judge_hub(hub, NOW + HOUR)

    writes = [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]
    assert len(writes) == 1


def test_a_finding_closes_when_a_look_shows_the_remedy() -> None:
    hub = make_hub()
    replica = late(hub)
    lay_snapshots(replica, stamps=[NOW + HOUR])
    make_run(replica, NOW + 2 * HOUR)

    changes = judge_hub(hub, NOW + 2 * HOUR)

    assert [finding.code for finding in changes.closed] == ["overdue"]
    assert Finding.objects.get().closed_at == NOW + 2 * HOUR


def test_a_finding_that_comes_back_within_a_day_is_the_same_one() -> None:
    hub = make_hub()
    late(hub)
    Finding.objects.update(closed_at=NOW)

    (finding,) = judge_hub(hub, NOW + 23 * HOUR).opened

    assert (finding.opened_at, finding.closed_at, finding.reopenings) == (NOW, None, 1)


def test_a_finding_that_comes_back_after_a_day_is_a_new_one() -> None:
    hub = make_hub()
    late(hub)
    Finding.objects.update(closed_at=NOW)

    (finding,) = judge_hub(hub, NOW + DAY).opened

    assert Finding.objects.count() == 2
    assert finding.opened_at == NOW + DAY


def test_nothing_closes_or_is_confirmed_while_the_node_is_unreachable() -> None:
    hub = make_hub()
    replica = late(hub)
    TarballSnapshot.objects.all().delete()
    make_run(replica, NOW + HOUR, "unreachable")

    assert judge_hub(hub, NOW + HOUR).closed == []

    assert open_codes(hub) == ["overdue", "unreachable"]
    assert told(hub, "overdue")[0].confirmed_at == NOW


def test_nothing_closes_while_the_last_complete_look_is_too_old() -> None:
    hub = make_hub()
    late(hub)
    TarballSnapshot.objects.all().delete()

    judge_hub(hub, NOW + 3 * DAY)

    assert open_codes(hub) == ["monitor_late", "not_looked", "overdue"]


def test_a_look_that_works_again_closes_what_told_of_it() -> None:
    hub = make_hub()
    replica = make_replica(hub, "mirror")
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW - HOUR, "unreachable")
    judge_hub(hub, NOW - HOUR)
    make_run(replica, NOW)

    judge_hub(hub, NOW)

    assert open_codes(hub) == []


def test_another_failure_replaces_the_one_before() -> None:
    hub = make_hub()
    replica = make_replica(hub, "mirror")
    make_run(replica, NOW - HOUR, "unreachable")
    judge_hub(hub, NOW - HOUR)
    make_run(replica, NOW, "host_key")

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["host_key"]


def test_a_comparison_does_not_close_while_the_other_side_is_unknown() -> None:
    hub = make_hub()
    source, copy = make_replica(hub), make_replica(hub, "attic", "copy")
    lay_snapshots(source, stamps=every(1))
    lay_snapshots(copy, stamps=every(1), size_bytes=5)
    for replica in (source, copy):
        make_run(replica)
    judge_hub(hub, NOW)
    make_run(source, NOW + HOUR, "unreachable")

    judge_hub(hub, NOW + HOUR)

    assert open_codes(hub) == ["diverged", "unreachable"]


def test_findings_of_a_replica_that_is_not_looked_at_any_more_close() -> None:
    hub = make_hub()
    late(hub)
    Replica.objects.update(enabled=False)

    assert len(judge_hub(hub, NOW).closed) == 1


def test_findings_of_a_repo_that_is_not_judged_any_more_close() -> None:
    hub = make_hub()
    replica = late(hub)
    lay_snapshots(replica, "tracs/env2", every(9))
    Repo.objects.filter(name="env2").update(selected=True)

    judge_hub(hub, NOW)

    assert open_codes(hub) == []


def test_a_selection_closes_when_the_repo_is_seen() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, "tracs/env", every(9))
    make_repo(hub, "tracs/env", selected=True)
    make_repo(hub, "tracs/new", selected=True)
    make_run(replica)
    judge_hub(hub, NOW)
    lay_snapshots(replica, "tracs/new", every(1))

    judge_hub(hub, NOW)

    assert open_codes(hub) == []


def test_findings_of_others_are_left_alone() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica)
    Finding.objects.create(
        hub=hub,
        replica=replica,
        code="of_another_version",
        severity="alarm",
        subject_key="x",
        message="",
        opened_at=NOW,
        confirmed_at=NOW,
    )

    judge_hub(hub, NOW)

    assert open_codes(hub) == ["of_another_version"]


def test_what_another_judge_has_just_stored_is_not_stored_again() -> None:
    hub = make_hub()
    verdict = Verdict("empty", "alarm", "replica 1", "Nothing is there.")

    stored = [findings.store(hub, verdict, NOW) for _ in range(2)]

    assert [bool(finding) for finding in stored] == [True, False]


def test_a_judge_that_was_overtaken_closes_nothing_newer() -> None:
    hub = make_hub()
    late(hub)
    Finding.objects.update(confirmed_at=NOW + HOUR)
    lay_snapshots(hub.replicas.get(), stamps=every(1))

    assert judge_hub(hub, NOW).closed == []


def test_the_words_follow_what_is_seen() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW - HOUR, free_bytes=49, total_bytes=1000)
    judge_hub(hub, NOW - HOUR)
    make_run(replica, NOW, free_bytes=10, total_bytes=1000)

    judge_hub(hub, NOW)

    (finding,) = told(hub, "disk_low")
    assert (finding.severity, finding.evidence["free_bytes"]) == ("alarm", 10)


def test_only_a_full_look_says_that_odd_files_are_gone() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, NOW - 2 * HOUR, unrecognised=1, unrecognised_examples=["x"])
    judge_hub(hub, NOW - 2 * HOUR)
    make_run(replica, NOW - HOUR, full=False)
    assert judge_hub(hub, NOW - HOUR).closed == []

    make_run(replica, NOW, full=True)

    assert len(judge_hub(hub, NOW).closed) == 1


def test_a_healthy_hub_is_quiet() -> None:
    hub = make_hub(zone="Asia/Taipei", copies=2, sites=2)
    for number, node in enumerate(("vault", "attic", "cellar")):
        replica = make_replica(hub, node, "copy" if number else "source")
        for path in ("folders/svnsetup", "repos/env", "svn/dybsvn", "tracs/env"):
            lay_snapshots(replica, path, every(12))
        make_run(replica, clock_skew_seconds=0.2, free_bytes=80, total_bytes=100)

    assert judge_hub(hub, NOW).opened == []


def count_of_queries(years: int) -> int:
    hub = make_hub(f"Y{years}")
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(365 * years))
    make_run(replica)
    with CaptureQueriesContext(connection) as queries:
        judge_hub(hub, NOW)
    return len(queries)


def test_ten_years_cost_as_many_queries_as_one() -> None:
    assert count_of_queries(10) == count_of_queries(1)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the plans of SQLite")
@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (history.IN_DOUBT, "snapshots_in_doubt"),
        (history.NO_BYTES, "snapshots_in_doubt"),
        (history.OTHER_SIZE, "snapshots_of_other_size"),
    ],
)
def test_odd_tarballs_are_read_through_a_partial_index(condition: str, index: str) -> None:
    there = TarballSnapshot.objects.filter(replica=1, gone_at=None)
    if index == "snapshots_of_other_size":
        there = there.filter(sidecar_size_bytes__isnull=False)

    plan = there.filter(history._as_is(condition)).order_by().explain()

    assert index in plan
