"""What has one cause is told once: many repos on one replica, or at one time on all; many tarballs of one repo."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from probes.judge.gathering import ONE_CAUSE_WITHIN, TOGETHER_FROM, gathered
from probes.judge.grouping import ALONE_AT_MOST, grouped
from probes.judge.values import RepoName, Verdict
from tests.estate import HOUR, NOW
from tests.pasts import a_replica

SECOND = HOUR / 3600
REPOS = {number: RepoName(number, f"tracs/env{number}", False) for number in range(1, 21)}


def on_replica(repo: int, code: str = "lagging", replica: int = 1, **fields: Any) -> Verdict:
    """Return a verdict about one repo on one replica."""
    defaults = {
        "severity": "warn",
        "subject": f"replica {replica} repo {repo}",
        "message": f"of {repo}.",
        "evidence": {"lacking": repo},
    }
    return Verdict(code=code, replica_id=replica, repo_id=repo, **(defaults | fields))


def on_hub(repo: int, at: datetime = NOW, code: str = "shrunk") -> Verdict:
    """Return a verdict about one repo on all replicas, of something that came about at a moment."""
    return Verdict(
        code=code,
        severity="notice",
        subject=f"repo {repo} from {at.isoformat()}",
        message=f"of {repo}.",
        replica_id=1,
        repo_id=repo,
        origin_at=at,
        stamp_at=at,
    )


def gather(verdicts: Sequence[Verdict], repos: int = 4) -> list[Verdict]:
    known = {number: repo for number, repo in REPOS.items() if number <= repos}
    return list(gathered(verdicts, known, [a_replica(1), a_replica(2, "copy")]))


# --- On one replica ------------------------------------------------------------------------------


@pytest.mark.parametrize(("alike", "findings"), [(TOGETHER_FROM - 1, 2), (TOGETHER_FROM, 1)])
def test_so_many_repos_of_a_few_on_one_replica_are_one(alike: int, findings: int) -> None:
    assert len(gather([on_replica(number) for number in range(1, alike + 1)])) == findings


@pytest.mark.parametrize(("alike", "findings"), [(9, 9), (10, 1), (20, 1)])
def test_of_many_repos_half_of_them_are_one(alike: int, findings: int) -> None:
    found = gather([on_replica(number) for number in range(1, alike + 1)], repos=20)

    assert len(found) == findings


def test_what_is_told_together_names_the_repos_and_includes_what_it_tells() -> None:
    (found,) = gather([on_replica(number) for number in (3, 1, 2)])

    assert found.evidence["repos"] == ["tracs/env1", "tracs/env2", "tracs/env3"]
    assert "3 of 4 repos on node1" in found.message
    assert set(found.includes) == {f"replica 1 repo {number}" for number in (1, 2, 3)}
    assert (found.replica_id, found.repo_id) == (1, None)


def test_it_is_as_bad_as_the_worst_of_them() -> None:
    severities = ["notice", "alarm", "warn"]
    (found,) = gather([on_replica(n, severity=each) for n, each in enumerate(severities, 1)])

    assert found.severity == "alarm"
    assert found.evidence["one"] == {"lacking": 2}


def test_other_codes_are_not_mixed() -> None:
    found = gather([on_replica(1), on_replica(2), on_replica(3, "missing")])

    assert [verdict.code for verdict in found] == ["lagging", "lagging", "missing"]


def test_other_replicas_are_not_mixed() -> None:
    found = gather([on_replica(1), on_replica(2), on_replica(3, replica=2)])

    assert len(found) == 3


def test_each_replica_is_told_of_apart() -> None:
    found = gather([on_replica(n, replica=replica) for n in (1, 2, 3) for replica in (1, 2)])

    assert [verdict.replica_id for verdict in found] == [1, 2]


def test_many_verdicts_of_one_repo_are_not_many_repos() -> None:
    verdicts = [on_replica(1, subject=f"replica 1 path {number}") for number in range(5)]

    assert gather(verdicts) == verdicts


def test_the_replicas_that_were_compared_are_kept() -> None:
    verdicts = [on_replica(n, evidence={"compared_with": [f"node{n}"]}) for n in (1, 2, 3)]
    (found,) = gather(verdicts)

    assert found.evidence["compared_with"] == ["node1", "node2", "node3"]


def test_a_replica_is_not_taken_for_another_whose_number_begins_alike() -> None:
    verdicts = [on_replica(n, subject=f"replica 11 repo {n}", replica=1) for n in (1, 2, 3)]

    assert gather(verdicts) == verdicts


# --- At one time on all --------------------------------------------------------------------------


@pytest.mark.parametrize(("alike", "findings"), [(TOGETHER_FROM - 1, 2), (TOGETHER_FROM, 1)])
def test_so_many_repos_at_one_time_are_one_however_many_there_are(
    alike: int, findings: int
) -> None:
    found = gather([on_hub(number) for number in range(1, alike + 1)], repos=20)

    assert len(found) == findings


@pytest.mark.parametrize(
    ("apart", "findings"), [(ONE_CAUSE_WITHIN, 1), (ONE_CAUSE_WITHIN + SECOND, 3)]
)
def test_repos_at_times_too_far_apart_are_told_apart(apart: Any, findings: int) -> None:
    found = gather([on_hub(1), on_hub(2), on_hub(3, NOW + apart)])

    assert len(found) == findings


def test_two_nights_are_two_findings() -> None:
    later = NOW + 3 * ONE_CAUSE_WITHIN
    found = gather([on_hub(n, at) for at in (NOW, later) for n in (1, 2, 3)])

    assert [verdict.stamp_at for verdict in found] == [NOW, later]
    assert len({verdict.subject for verdict in found}) == 2


def test_what_is_told_of_all_is_of_no_replica() -> None:
    (found,) = gather([on_hub(number) for number in (1, 2, 3)])

    assert (found.replica_id, found.repo_id) == (None, None)
    assert found.message.startswith("3 of 4 repos: tracs/env1, tracs/env2, tracs/env3.")


def test_what_is_of_no_time_and_no_single_replica_is_told_alone() -> None:
    verdicts = [on_replica(n, "diverged", subject=f"repo {n} copy x") for n in (1, 2, 3)]

    assert gather(verdicts) == verdicts


def test_what_is_about_no_repo_is_told_as_it_is() -> None:
    verdicts = [Verdict("empty", "alarm", f"replica {n}", "", replica_id=n) for n in (1, 2)]

    assert gather(verdicts) == verdicts


def test_nothing_gives_nothing() -> None:
    assert gather([]) == []


def test_nothing_is_lost() -> None:
    verdicts = [
        *(on_replica(n) for n in (1, 2, 3)),
        *(on_replica(n, "missing", replica=2) for n in (1, 2)),
        *(on_hub(n) for n in (1, 2, 3, 4)),
        *(on_hub(n, NOW + 9 * ONE_CAUSE_WITHIN, "grown") for n in (1, 2)),
    ]

    told = {
        (found.code, subject)
        for found in gather(verdicts)
        for subject in (found.subject, *found.includes)
    }

    assert told >= {(verdict.code, verdict.subject) for verdict in verdicts}


# --- Of one repo ---------------------------------------------------------------------------------


def tarballs(count: int, code: str = "bad_sidecar") -> list[Verdict]:
    return [
        on_replica(1, code, subject=f"replica 1 path {number:03}", path=f"{number:03}")
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "findings"), [(ALONE_AT_MOST, ALONE_AT_MOST), (ALONE_AT_MOST + 1, 1)]
)
def test_more_tarballs_than_so_many_are_one(count: int, findings: int) -> None:
    assert len(list(grouped(tarballs(count), REPOS[1], a_replica()))) == findings


def test_one_of_many_tarballs_names_the_newest_and_some_examples() -> None:
    (found,) = grouped(tarballs(30), REPOS[1], a_replica())

    assert "30 tarballs of tracs/env1 on node1. The newest: of 1." in found.message
    assert found.evidence["examples"][0] == "029"
    assert len(found.includes) == 30


def test_other_faults_of_tarballs_are_not_mixed() -> None:
    found = list(grouped([*tarballs(30), *tarballs(2, "no_sidecar")], REPOS[1], a_replica()))

    assert sorted(verdict.code for verdict in found) == ["bad_sidecar", "no_sidecar", "no_sidecar"]


def test_many_tarballs_of_many_repos_are_one_in_the_end() -> None:
    told = [
        verdict
        for repo in (1, 2, 3)
        for verdict in grouped(
            [
                on_replica(repo, subject=f"replica 1 path {repo}/{number}", path=f"{number}")
                for number in range(30)
            ],
            REPOS[repo],
            a_replica(),
        )
    ]

    (found,) = gather(told)

    assert len(found.includes) == 3 * 31
