"""The conclusion of a hub: its state, its sentence, and what it costs to know."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hubs.models import Hub
from probes.judge.conclusion import Conclusion, conclusions, replica_states
from probes.judge.findings import judge_hub
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db


def concluded(hub: Hub) -> Conclusion:
    judge_hub(hub, NOW)
    return conclusions([hub], NOW)[hub.pk]


def test_a_hub_that_was_never_looked_at_is_unknown() -> None:
    hub = make_hub()
    make_replica(hub, "vault")

    conclusion = concluded(hub)

    assert (conclusion.state, conclusion.complete_at) == ("unknown", None)
    assert "vault, never looked at" in conclusion.text


def test_a_hub_without_replicas_is_unknown() -> None:
    assert concluded(make_hub()).state == "unknown"


def test_a_healthy_hub_is_ok() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica)

    conclusion = concluded(hub)

    assert (conclusion.state, conclusion.text) == ("ok", "All is well on 1 replica.")
    assert (conclusion.complete_at, conclusion.newest_stamp_at) == (NOW, NOW - 2 * HOUR)


def test_an_alarm_is_worse_than_unknown() -> None:
    hub = make_hub()
    replica = make_replica(hub, "mirror")
    make_run(replica, NOW - 2 * DAY)
    make_run(replica, NOW - DAY, "unreachable")
    make_run(replica, NOW, "unreachable")

    conclusion = concluded(hub)

    assert (conclusion.state, conclusion.alarms, conclusion.unknown_replicas) == ("alarm", 1, 1)
    assert conclusion.text == (
        "1 alarm: unreachable on mirror; unknown: mirror since 2024-05-13 12:00:00 UTC"
    )


def test_unknown_is_worse_than_a_warning() -> None:
    hub = make_hub()
    make_run(make_replica(hub, "mirror"), status="timeout")

    conclusion = concluded(hub)

    assert (conclusion.state, conclusion.warns) == ("unknown", 1)


def test_the_sentence_names_what_is_late() -> None:
    hub = make_hub()
    replica = make_replica(hub, "attic")
    lay_snapshots(replica, "tracs/env", every(9, newest=5 * DAY))
    make_run(replica)

    assert concluded(hub).text == "1 alarm: overdue tracs/env on attic"


def test_a_notice_leaves_a_hub_ok() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=every(9))
    make_run(replica, unrecognised=1, unrecognised_examples=["x"])

    conclusion = concluded(hub)

    assert (conclusion.state, conclusion.notices) == ("ok", 1)


def test_the_oldest_of_the_last_complete_looks_counts() -> None:
    hub = make_hub()
    make_run(make_replica(hub, "vault"), NOW - HOUR)
    make_run(make_replica(hub, "attic", "copy"), NOW - 3 * HOUR)

    assert concluded(hub).complete_at == NOW - 3 * HOUR


def test_future_and_vanished_tarballs_are_not_the_newest_backup() -> None:
    hub = make_hub()
    replica = make_replica(hub)
    lay_snapshots(replica, stamps=[NOW - 3 * DAY, NOW + DAY])
    lay_snapshots(replica, stamps=[NOW - 2 * DAY], gone_at=NOW)

    assert concluded(hub).newest_stamp_at == NOW - 3 * DAY


def test_disabled_replicas_do_not_count() -> None:
    hub = make_hub()
    make_run(make_replica(hub))
    make_replica(hub, "attic", "copy", enabled=False)

    assert concluded(hub).replicas == 1


def test_a_replica_is_unknown_since_its_last_complete_look() -> None:
    replica = make_replica(make_hub(), "mirror")
    make_run(replica, NOW - HOUR)
    make_run(replica, NOW, "truncated")

    state = replica_states([replica], NOW)[replica.pk]

    assert (state.known, state.unknown_since) == (False, NOW - HOUR)


@pytest.mark.parametrize("status", ["running", "skipped_locked"])
def test_a_look_that_is_not_done_leaves_a_replica_known(status: str) -> None:
    replica = make_replica(make_hub())
    make_run(replica, NOW - HOUR)
    make_run(replica, NOW, status)

    assert replica_states([replica], NOW)[replica.pk].known


@pytest.mark.parametrize(("age", "known"), [(26 * HOUR, True), (26 * HOUR + HOUR / 60, False)])
def test_a_complete_look_is_believed_for_look_within(age: timedelta, known: bool) -> None:
    replica = make_replica(make_hub())
    make_run(replica, NOW - age)

    assert replica_states([replica], NOW)[replica.pk].known is known


def queries_for(hubs: int, repos: int) -> int:
    made = [make_hub(f"H{hubs}-{number}") for number in range(hubs)]
    for hub in made:
        for node in ("vault", "attic", "mirror")[:hubs]:
            replica = make_replica(hub, node, "copy")
            make_run(replica)
            for number in range(repos):
                lay_snapshots(replica, f"tracs/env{number}", every(3, newest=5 * DAY))
        judge_hub(hub, NOW)
    with CaptureQueriesContext(connection) as queries:
        conclusions(made, NOW)
    return len(queries)


def test_many_hubs_cost_as_many_queries_as_one() -> None:
    assert queries_for(hubs=3, repos=9) == queries_for(hubs=1, repos=1) <= 7
