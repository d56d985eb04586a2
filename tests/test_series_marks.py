"""What is marked on a chart: findings where they happened, the worst when there are too many, and tarballs that went."""

from datetime import timedelta

import pytest

from dashboard.plots.chart_marks import (
    LONGEST_MESSAGE,
    MOST_FINDINGS,
    Marks,
    marks_of_replica,
    marks_of_repo,
)
from hubs.models import Replica
from probes.draw.series import Window, names_of, plot, plot_of_repo
from probes.models import TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo
from tests.findings import open_finding
from tests.months import sum_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def vault() -> Replica:
    vault = make_replica(make_hub())
    lay_snapshots(vault, stamps=every(500))
    sum_up(vault)
    return vault


def marked(replica: Replica, asked: str | Window = "1m") -> Marks:
    return marks_of_replica(replica, plot(replica, asked, NOW))


def test_a_finding_about_a_tarball_is_at_its_stamp(vault: Replica) -> None:
    repo = make_repo(vault.hub)
    open_finding(vault.hub, replica=vault, repo=repo, stamp_at=NOW - 9 * DAY, opened_at=NOW)

    (mark,) = marked(vault).findings

    assert (mark.at, mark.severity, mark.subject) == (NOW - 9 * DAY, "alarm", "tracs/env")


def test_another_one_is_when_it_opened_even_after_the_newest_tarball(vault: Replica) -> None:
    open_finding(vault.hub, "overdue", replica=vault, opened_at=NOW + 3 * DAY)

    assert [mark.at for mark in marked(vault).findings] == [NOW + 3 * DAY]


def test_a_window_that_is_over_has_only_its_own(vault: Replica) -> None:
    open_finding(vault.hub, "overdue", replica=vault, opened_at=NOW)
    open_finding(vault.hub, replica=vault, opened_at=NOW - 40 * DAY)
    then = (NOW - 50 * DAY).date()

    marks = marked(vault, Window(then, then + timedelta(days=20)))

    assert [mark.code for mark in marks.findings] == ["shrunk"]


def test_findings_of_the_hub_are_on_every_chart_and_those_of_another_replica_are_not(
    vault: Replica,
) -> None:
    open_finding(vault.hub, "monitor_late")
    open_finding(vault.hub, replica=make_replica(vault.hub, "mirror"))

    assert [mark.code for mark in marked(vault).findings] == ["monitor_late"]


def test_of_too_many_the_worst_stay_and_the_others_are_counted(vault: Replica) -> None:
    for number in range(MOST_FINDINGS + 5):
        severity = "alarm" if number < 3 else "notice"
        opened_at = NOW - (20 * DAY if severity == "alarm" else number * HOUR)
        open_finding(
            vault.hub, replica=vault, severity=severity, opened_at=opened_at, subject=str(number)
        )

    marks = marked(vault)

    assert (len(marks.findings), marks.left_out) == (MOST_FINDINGS, 5)
    assert [mark.severity for mark in marks.findings[:4]] == ["alarm"] * 3 + ["notice"]


def test_a_long_message_is_cut(vault: Replica) -> None:
    open_finding(vault.hub, replica=vault, message="x" * 4_096)

    assert len(marked(vault).findings[0].message) <= LONGEST_MESSAGE


def test_tarballs_that_one_look_missed_are_one_mark(vault: Replica) -> None:
    old = TarballSnapshot.objects.order_by("stamp_at").values("pk")[:7]
    TarballSnapshot.objects.filter(pk__in=old).update(gone_at=NOW - 5 * DAY)

    assert marked(vault).purges == [(NOW - 5 * DAY, 7)]


def test_where_every_day_has_a_purge_none_is_marked(vault: Replica) -> None:
    TarballSnapshot.objects.update(gone_at=NOW - 5 * DAY)

    assert list(marked(vault, "all").purges) == []


def test_a_repo_has_its_own_of_every_node_named_as_its_lines(vault: Replica) -> None:
    repo = make_repo(vault.hub)
    open_finding(vault.hub, replica=vault, repo=repo)
    open_finding(vault.hub, "overdue", replica=vault)
    names = names_of([vault])

    marks = marks_of_repo(repo, names, plot_of_repo(repo, [vault], "1m", NOW))

    assert [(mark.code, mark.subject) for mark in marks.findings] == [("shrunk", "vault")]
