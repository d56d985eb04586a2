"""The matrix of a hub's page: what each cell says, the order of rows, and that a wide hub costs no more."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.matrix.table import Cell, matrix
from dashboard.planned import planned_around
from hubs.models import Hub, Maintenance, Replica, judged
from hubs.names import to_text
from probes.judge.conclusion import replica_states
from probes.models import Finding, RunStatus, TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo
from tests.estate import make_run as look
from tests.findings import open_finding

pytestmark = pytest.mark.django_db

HOSTILE = to_text(b"<img src=x onerror=alert(1)>\xe2\x80\xae")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def hub() -> Hub:
    return make_hub("H", "Asia/Taipei")


@pytest.fixture
def vault(hub: Hub) -> Replica:
    """Looked at an hour ago, and well."""
    replica = make_replica(hub, "vault")
    lay_snapshots(replica, stamps=every(3))
    look(replica, NOW - HOUR)
    return replica


def cells(hub: Hub) -> dict[tuple[str, str], Cell]:
    """Return the cells of a hub, by repo and node."""
    replicas = list(hub.replicas.select_related("node"))
    repos = list(hub.repos.all())
    rows = matrix(
        hub,
        replicas,
        repos,
        judged(repos),
        replica_states(replicas, NOW),
        Finding.objects.filter(hub=hub).open(),
        NOW,
        planned_around(hub, [replica.node for replica in replicas], NOW),
    )
    return {
        (row.repo.path, replica.node.tag): cell
        for row in rows
        for replica, cell in zip(replicas, row.cells, strict=True)
    }


def only(hub: Hub) -> Cell:
    (cell,) = cells(hub).values()
    return cell


def said(cell: Cell) -> tuple[str, str]:
    return cell.state, cell.word


def found(at: Replica, code: str = "shrunk", **fields: Any) -> Finding:
    repo = make_repo(at.hub, fields.pop("path", "tracs/env"))
    return open_finding(at.hub, code, **{"replica": at, "repo": repo} | fields)


def rows(client: Client, query: str = "") -> list[str]:
    """Return the repos of the page's rows, in their order."""
    page = client.get(f"/hubs/H/{query}").content.decode()
    return re.findall(r'<tr data-repo="([^"]*)"', page)


# --- States ------------------------------------------------------------------------------------


def test_what_is_there_on_time_is_ok_with_age_and_size(vault: Replica) -> None:
    cell = only(vault.hub)

    assert (*said(cell), cell.age, cell.size) == ("ok", "ok", "2 h ago", "1.00 MB")


@pytest.mark.parametrize(
    ("code", "severity"),
    [("overdue", "alarm"), ("diverged", "alarm"), ("lagging", "warn"), ("missing", "alarm")],
)
def test_a_finding_gives_the_cell_its_word_and_its_severity(
    vault: Replica, code: str, severity: str
) -> None:
    found(vault, code, severity=severity)

    assert said(only(vault.hub)) == (severity, code)


def test_of_several_findings_the_worst_wins_and_the_others_are_counted(vault: Replica) -> None:
    found(vault, "lagging", severity="warn")
    found(vault, "bad_sidecar", severity="alarm")
    found(vault, "gap", severity="notice")

    cell = only(vault.hub)

    assert (*said(cell), cell.more) == ("alarm", "bad sidecar", 2)


def test_a_finding_of_all_replicas_competes_with_those_of_one(vault: Replica) -> None:
    found(vault, "lagging", severity="warn")
    found(vault, "too_few_copies", severity="alarm", replica=None)

    assert said(only(vault.hub)) == ("alarm", "too few copies")


def test_a_finding_that_tells_many_repos_together_is_about_each(vault: Replica) -> None:
    lay_snapshots(vault, "svn/other", every(3))
    open_finding(vault.hub, "lagging", replica=vault, evidence={"repos": ["tracs/env"]})

    assert said(cells(vault.hub)["tracs/env", "vault"]) == ("alarm", "lagging")
    assert said(cells(vault.hub)["svn/other", "vault"]) == ("ok", "ok")


@pytest.mark.parametrize("evidence", [{"repos": 7}, {"repos": [7, None]}, {"repos": {}}, []])
def test_odd_evidence_breaks_no_cell(vault: Replica, evidence: Any) -> None:
    open_finding(vault.hub, "lagging", replica=vault, evidence=evidence)

    assert said(only(vault.hub)) == ("ok", "ok")


def test_a_notice_leaves_the_cell_ok_and_is_counted(vault: Replica) -> None:
    found(vault, "stale_content", severity="notice")

    cell = only(vault.hub)

    assert (*said(cell), cell.more) == ("ok", "ok", 1)


def test_what_somebody_acknowledged_is_quiet_and_still_there(vault: Replica) -> None:
    found(vault, acknowledged_at=NOW - HOUR)

    cell = only(vault.hub)

    assert (*said(cell), cell.is_quiet) == ("alarm", "shrunk", True)


def test_what_nobody_answered_comes_before_worse_that_somebody_did(vault: Replica) -> None:
    found(vault, "corrupt", severity="alarm", acknowledged_at=NOW - HOUR)
    found(vault, "lagging", severity="warn")

    cell = only(vault.hub)

    assert (*said(cell), cell.is_quiet, cell.more) == ("warn", "lagging", False, 1)


def test_an_acknowledgement_that_ran_out_is_quiet_no_more(vault: Replica) -> None:
    found(vault, acknowledged_at=NOW - DAY, acknowledged_until=NOW - HOUR)

    assert not only(vault.hub).is_quiet


def test_an_unreachable_node_makes_its_cells_unknown_whatever_was_found(vault: Replica) -> None:
    found(vault)
    look(vault, NOW, RunStatus.UNREACHABLE)

    cell = only(vault.hub)

    assert (cell.state, cell.more) == ("unknown", 1)
    assert cell.word == "unknown since 2024-05-15 11:00 UTC"


def test_what_was_never_looked_at_says_so(hub: Hub, vault: Replica) -> None:
    make_replica(hub, "attic", "copy")

    assert said(cells(hub)["tracs/env", "attic"]) == ("unknown", "never looked at")


@pytest.mark.parametrize("of_hub", [True, False])
def test_an_unreachable_node_in_maintenance_is_in_maintenance(vault: Replica, of_hub: bool) -> None:
    owner: dict[str, Any] = {"hub": vault.hub} if of_hub else {"node": vault.node}
    Maintenance.objects.create(
        **owner, starts_at=NOW - HOUR, ends_at=NOW + HOUR, reason="new disks"
    )
    look(vault, NOW, RunStatus.UNREACHABLE)

    assert said(only(vault.hub)) == ("planned", "in maintenance")


def test_a_window_leaves_alone_what_is_known(vault: Replica) -> None:
    Maintenance.objects.create(
        hub=vault.hub, starts_at=NOW - HOUR, ends_at=NOW + HOUR, reason="new disks"
    )

    assert said(only(vault.hub)) == ("ok", "ok")


def test_a_tarball_whose_sidecar_is_awaited_is_in_transfer(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[NOW - HOUR], sidecar_state="absent")

    assert said(only(vault.hub)) == ("transfer", "in transfer")


def test_a_selected_repo_that_nobody_ever_saw_is_missing(vault: Replica) -> None:
    make_repo(vault.hub, "svn/lost", selected=True)

    assert said(cells(vault.hub)["svn/lost", "vault"]) == ("warn", "missing")


def test_a_repo_that_only_others_have_is_not_here(hub: Hub, vault: Replica) -> None:
    look(make_replica(hub, "attic", "copy"), NOW)

    assert said(cells(hub)["tracs/env", "attic"]) == ("none", "not here")


def test_what_is_there_no_more_is_all_gone_with_the_age_of_the_newest(vault: Replica) -> None:
    TarballSnapshot.objects.update(gone_at=NOW)

    cell = only(vault.hub)

    assert (*said(cell), cell.age) == ("none", "all gone", "2 h ago")


def test_a_copy_of_what_is_overdue_at_the_source_is_overdue_too(hub: Hub, vault: Replica) -> None:
    attic = make_replica(hub, "attic", "copy")
    lay_snapshots(attic, stamps=every(3))
    look(attic, NOW)
    found(vault, "overdue")

    assert said(cells(hub)["tracs/env", "attic"]) == ("warn", "overdue too")


def test_a_copy_of_what_was_acknowledged_as_overdue_is_as_quiet(hub: Hub, vault: Replica) -> None:
    attic = make_replica(hub, "attic", "copy")
    lay_snapshots(attic, stamps=every(3))
    look(attic, NOW)
    found(vault, "overdue", acknowledged_at=NOW)

    assert cells(hub)["tracs/env", "attic"].is_quiet


def test_a_disabled_replica_is_not_looked_at(vault: Replica) -> None:
    Replica.objects.update(enabled=False)

    assert said(only(vault.hub)) == ("none", "not looked at")


# --- Proofs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "state", "words"),
    [
        ("good", "ok", "proved 3 d ago"),
        ("corrupt", "alarm", "disproved 3 d ago"),
        ("digest_mismatch", "alarm", "disproved 3 d ago"),
    ],
)
def test_a_proof_says_when_and_what_came_of_it(
    vault: Replica, verdict: str, state: str, words: str
) -> None:
    TarballSnapshot.objects.update(
        verified_at=NOW - 3 * DAY, verified_level="digest", verified_verdict=verdict
    )

    proof = only(vault.hub).proof

    assert proof is not None
    assert (proof.state, proof.words) == (state, words)


def test_while_nothing_was_proved_one_sentence_says_so(
    vault: Replica, admin_client: Client
) -> None:
    page = admin_client.get("/hubs/H/").content.decode()

    assert "None of them has been proved" in page
    assert "never proved" not in page


def test_once_something_was_proved_each_cell_says_how_it_is(
    vault: Replica, admin_client: Client
) -> None:
    lay_snapshots(vault, "svn/one", every(1), verified_at=NOW - DAY, verified_verdict="good")

    page = admin_client.get("/hubs/H/").content.decode()

    assert '<em class="is-none">never proved</em>' in page
    assert '<em class="is-ok">proved 24 h ago</em>' in page


# --- Rows --------------------------------------------------------------------------------------


@pytest.fixture
def four(vault: Replica) -> Hub:
    """Repos in transfer, with a warning, with an alarm that somebody answered, and well, by name."""
    for name in ("a", "b", "c"):
        lay_snapshots(vault, f"svn/{name}", every(2))
    lay_snapshots(vault, "svn/a", [NOW - HOUR], sidecar_state="absent")
    found(vault, "lagging", severity="warn", path="svn/b")
    found(vault, "corrupt", severity="alarm", path="svn/c", acknowledged_at=NOW)
    return vault.hub


def test_the_worst_row_comes_first_and_what_was_answered_after_what_was_not(
    four: Hub, admin_client: Client
) -> None:
    assert rows(admin_client) == ["svn/b", "svn/a", "svn/c", "tracs/env"]


def test_rows_come_by_name_when_asked_for(four: Hub, admin_client: Client) -> None:
    assert rows(admin_client, "?order=name") == ["svn/a", "svn/b", "svn/c", "tracs/env"]


def test_rows_without_a_problem_can_be_left_out(four: Hub, admin_client: Client) -> None:
    assert rows(admin_client, "?show=problems&order=name") == ["svn/a", "svn/b", "svn/c"]


def test_a_node_that_nobody_could_look_at_is_no_problem_of_each_row(
    hub: Hub, four: Hub, admin_client: Client
) -> None:
    make_replica(hub, "attic", "copy")

    assert "tracs/env" not in rows(admin_client, "?show=problems")


def test_where_nobody_could_look_at_all_every_row_is_a_problem(
    vault: Replica, admin_client: Client
) -> None:
    look(vault, NOW, RunStatus.UNREACHABLE)

    assert rows(admin_client, "?show=problems") == ["tracs/env"]


def test_without_problems_the_filter_says_so(vault: Replica, admin_client: Client) -> None:
    page = admin_client.get("/hubs/H/?show=problems").content.decode()

    assert "No repo has a problem" in page
    assert "1 ok." in page


def test_links_of_the_matrix_keep_what_else_is_asked_for(four: Hub, admin_client: Client) -> None:
    page = admin_client.get("/hubs/H/?range=3m&order=name").content.decode()

    assert "?range=3m&amp;order=name&amp;show=problems#matrix" in page


def test_a_head_names_the_worst_about_its_node_as_a_whole(
    vault: Replica, admin_client: Client
) -> None:
    open_finding(vault.hub, "disk_low", severity="warn", replica=vault)

    head = admin_client.get("/hubs/H/?part=matrix").content.decode().partition("</thead>")[0]

    assert "disk low" in head[head.rindex("<thead") :]


def test_every_cell_leads_to_its_line_on_the_page_of_its_repo(
    vault: Replica, admin_client: Client
) -> None:
    page = admin_client.get("/hubs/H/").content.decode()
    target = admin_client.get("/repos/H/tracs/env/").content.decode()

    assert f'href="/repos/H/tracs/env/#replica-{vault.pk}"' in page
    assert f'id="replica-{vault.pk}"' in target


def test_hostile_names_are_text_in_every_cell(vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, f"svn/{HOSTILE}", every(2))

    page = admin_client.get("/hubs/H/?part=matrix").content.decode()

    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


# --- Cost --------------------------------------------------------------------------------------


@pytest.fixture
def wide() -> Hub:
    """Fifty nodes; on half of them a repo is gone, and nothing was ever seen of another."""
    hub = make_hub("H")
    make_repo(hub, "svn/never")
    for number in range(50):
        replica = make_replica(hub, f"node{number}", "copy")
        look(replica, NOW - 2 * DAY)
        look(replica, NOW - HOUR)
        lay_snapshots(replica, "svn/one", every(3))
        gone_at = NOW - 3 * DAY if number % 2 else None
        lay_snapshots(replica, "svn/two", every(2, DAY, 5 * DAY), gone_at=gone_at)
        found(replica, "overdue", path="svn/one", subject=f"{number}", opened_at=NOW - 3 * DAY)
    return hub


@pytest.mark.database
@pytest.mark.parametrize("query", ["", "?part=matrix", "?day=2024-05-13", "?day=2024-05-01"])
def test_fifty_nodes_ask_no_more_of_the_database(
    wide: Hub,
    admin_client: Client,
    query: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(25):
        assert admin_client.get(f"/hubs/H/{query}").status_code == 200


def test_a_cell_takes_few_bytes(wide: Hub, admin_client: Client) -> None:
    page = admin_client.get("/hubs/H/?part=matrix").content
    count = page.count(b"<td ")

    assert count == 150
    assert len(page[page.index(b"<tbody>") : page.index(b"</tbody>")]) / count < 160


def test_the_sentence_counts_the_cells(hub: Hub, vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, "svn/late", every(2))
    found(vault, "overdue", path="svn/late")
    make_replica(hub, "attic", "copy")

    page = admin_client.get("/hubs/H/?part=matrix").content.decode()

    assert '<span class="said">1 alarm, 2 unknown, 1 ok</span>' in page


def test_without_a_replica_or_a_repo_the_page_says_so(hub: Hub, admin_client: Client) -> None:
    assert b"This hub has no replica" in admin_client.get("/hubs/H/?part=matrix").content
    make_replica(hub)
    assert b"No repo was found yet" in admin_client.get("/hubs/H/?part=matrix").content


def test_ages_of_the_far_past_are_said(vault: Replica) -> None:
    lay_snapshots(vault, "svn/old", [NOW - timedelta(days=4000)])

    assert cells(vault.hub)["svn/old", "vault"].age == "11.0 y ago"
