"""What the pages say, as text that needs no JavaScript."""

import html
import re
import tomllib

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from hubs.models import Hub, Replica
from hubs.names import to_text
from probes.models import CollectRun, Finding, RunStatus, TarballEvent, TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo
from tests.estate import make_run as make_run_at
from tests.months import sum_up

pytestmark = pytest.mark.django_db

MOST_QUERIES = 25
HOSTILE = to_text(b"<img src=x onerror=alert(1)>\xe2\x80\xae\n\xff")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages ask what time it is; tarballs of the tests are of another year."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def vault() -> Replica:
    """Looked at an hour ago, and well."""
    replica = make_replica(make_hub("H"), "vault")
    lay_snapshots(replica, stamps=every(3))
    make_run_at(replica, NOW - HOUR)
    return replica


def find(replica: Replica, code: str, severity: str = "alarm", repo: str = "") -> Finding:
    """Store an open finding."""
    return Finding.objects.create(
        hub=replica.hub,
        replica=replica,
        repo=make_repo(replica.hub, repo) if repo else None,
        code=code,
        severity=severity,
        subject_key=f"{code}{repo}{replica.pk}",
        message=f"it is {code}",
        opened_at=NOW - HOUR,
        confirmed_at=NOW,
    )


def text(client: Client, url: str) -> str:
    """Return what a page says, tags left out."""
    response = client.get(url)
    assert response.status_code == 200
    without_tags = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(html.unescape(without_tags).split())


def test_the_worst_hub_comes_first(vault: Replica, admin_client: Client) -> None:
    attic = make_replica(make_hub("A1"), "attic")
    make_run_at(attic, NOW - HOUR)
    make_replica(make_hub("A2"), "mirror")
    find(vault, "overdue", repo="tracs/env")

    page = text(admin_client, "/")

    assert page.index(" H ") < page.index(" A2 ") < page.index(" A1 ")


def test_an_empty_site_says_what_to_do(admin_client: Client) -> None:
    assert "import_config" in text(admin_client, "/")


@pytest.mark.parametrize("url", ["/", "/hubs/H/", "/hubs/H/vault/", "/repos/H/tracs/env/"])
def test_every_page_says_when_it_last_looked(
    vault: Replica, admin_client: Client, url: str
) -> None:
    assert "Last looked successfully: 60 min ago , 2024-05-15 11:00 UTC" in text(admin_client, url)


def test_a_replica_never_looked_at_is_named_beside_the_last_look(
    vault: Replica, admin_client: Client
) -> None:
    make_replica(vault.hub, "mirror", "copy")

    assert "on every node: never yet" in text(admin_client, "/hubs/H/")


def test_a_cell_says_state_age_and_size(vault: Replica, admin_client: Client) -> None:
    assert "tracs/env ok 2 h ago 1.00 MB" in text(admin_client, "/hubs/H/")


def test_a_cell_names_the_worst_finding(vault: Replica, admin_client: Client) -> None:
    find(vault, "no_sidecar", "warn", "tracs/env")
    find(vault, "overdue", "alarm", "tracs/env")

    assert "tracs/env overdue 2 h ago" in text(admin_client, "/hubs/H/")


def test_a_notice_leaves_a_cell_ok(vault: Replica, admin_client: Client) -> None:
    find(vault, "stale_content", "notice", "tracs/env")

    assert "tracs/env ok" in text(admin_client, "/hubs/H/")


def test_an_unreachable_node_makes_cells_unknown_whatever_was_found(
    vault: Replica, admin_client: Client
) -> None:
    find(vault, "overdue", "alarm", "tracs/env")
    make_run_at(vault, NOW, RunStatus.UNREACHABLE)

    assert "tracs/env unknown since 2024-05-15 11:00 UTC" in text(admin_client, "/hubs/H/")


def test_a_tarball_without_its_sidecar_is_in_transfer(vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, "svn/new", [NOW - HOUR], sidecar_state="absent")

    assert "svn/new in transfer" in text(admin_client, "/hubs/H/")


def test_where_no_sidecar_is_required_nothing_is_in_transfer(
    vault: Replica, admin_client: Client
) -> None:
    lay_snapshots(vault, "svn/new", [NOW - HOUR], sidecar_state="absent")
    make_repo(vault.hub, "svn/new", sidecar="none")

    assert "svn/new ok" in text(admin_client, "/hubs/H/")


def test_a_selected_repo_that_was_never_seen_is_missing(
    vault: Replica, admin_client: Client
) -> None:
    make_repo(vault.hub, "svn/lost", selected=True)
    find(vault, "missing", repo="svn/lost")

    assert "svn/lost missing" in text(admin_client, "/hubs/H/")


def test_what_is_not_on_a_node_is_not_here(vault: Replica, admin_client: Client) -> None:
    mirror = make_replica(vault.hub, "mirror", "copy")
    make_run_at(mirror, NOW)

    assert "1.00 MB not here" in text(admin_client, "/hubs/H/")


def test_tarballs_that_are_all_gone_are_said_to_be(vault: Replica, admin_client: Client) -> None:
    TarballSnapshot.objects.update(gone_at=NOW)

    assert "tracs/env all gone" in text(admin_client, "/hubs/H/")


def test_repos_not_judged_are_shown_when_asked_for(vault: Replica, admin_client: Client) -> None:
    make_repo(vault.hub, "svn/chosen", selected=True)

    assert "1 repo not judged" in text(admin_client, "/hubs/H/")
    assert "tracs/env" not in text(admin_client, "/hubs/H/")
    assert "tracs/env" in text(admin_client, "/hubs/H/?all=1")


def test_both_roots_on_a_node_are_on_its_page(vault: Replica, admin_client: Client) -> None:
    make_replica(vault.hub, "vault", "copy", root="/second/root")

    page = text(admin_client, "/hubs/H/vault/")

    assert "/backup/H" in page
    assert "/second/root" in page


def test_a_tag_with_a_colon_is_in_addresses(admin_client: Client) -> None:
    make_replica(make_hub("Z9:hub"), "Z9:229")

    assert "Z9:hub on Z9:229" in text(admin_client, "/hubs/Z9:hub/Z9:229/")


def test_page_ids_hold_no_tags(admin_client: Client) -> None:
    replica = make_replica(make_hub("Z9:hub"), "Z9:229")

    ids = re.findall(r'id="([^"]*)"', admin_client.get("/hubs/Z9:hub/").content.decode())

    assert f"replica-{replica.pk}" in ids
    assert not [one for one in ids if ":" in one]


@pytest.mark.parametrize("url", ["/hubs/H/", "/hubs/H/vault/", "/findings/", "/runs/"])
def test_hostile_names_are_text(vault: Replica, admin_client: Client, url: str) -> None:
    lay_snapshots(vault, f"svn/{HOSTILE}", [NOW])
    find(vault, "overdue", repo=f"svn/{HOSTILE}")
    CollectRun.objects.update(error=f"cannot read {HOSTILE}")

    content = admin_client.get(url).content.decode()

    assert "<img src=x" not in content
    assert "&lt;img src=x onerror=alert(1)&gt;%E2%80%AE%0A%FF" in content


def test_a_hostile_name_has_a_page(vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, f"svn/{HOSTILE}", [NOW])
    page = admin_client.get("/hubs/H/").content.decode()

    address = html.unescape(re.findall(r'href="(/repos/H/svn/[^"]*)"', page)[0])

    assert f"svn/{HOSTILE}" in text(admin_client, address)


def test_a_repo_shows_every_tarball_with_its_exact_size(
    vault: Replica, admin_client: Client
) -> None:
    lay_snapshots(vault, stamps=[NOW], size_bytes=1_234_567_890)

    page = text(admin_client, "/repos/H/tracs/env/")

    assert "4 tarballs ever seen" in page
    assert "1,234,567,890 bytes" in page


def test_tarballs_are_cut_into_pages(vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, stamps=every(150, DAY, 3 * DAY))

    assert "Page 2 of 2" in text(admin_client, "/repos/H/tracs/env/?page=2")


def test_gone_tarballs_can_be_left_out(vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, stamps=[NOW - 9 * DAY], gone_at=NOW)

    assert "4 tarballs" in text(admin_client, "/repos/H/tracs/env/")
    assert "3 tarballs" in text(admin_client, "/repos/H/tracs/env/?gone=no&node=vault")


def test_a_tarball_that_changed_is_marked(vault: Replica, admin_client: Client) -> None:
    (tarball,) = lay_snapshots(vault, stamps=[NOW])
    TarballEvent.objects.create(
        snapshot=tarball, kind="changed", noticed_at=NOW, size_bytes_before=1, size_bytes_after=2
    )

    assert "changed after it was complete" in text(admin_client, "/repos/H/tracs/env/")


def test_a_run_says_what_was_executed_and_what_came_back(
    vault: Replica, admin_client: Client
) -> None:
    run = make_run_at(
        vault,
        NOW,
        RunStatus.TRUNCATED,
        stage="list",
        error="no trailer",
        command="ssh vault 'find /backup'",
        noise="Welcome!",
        remote_stderr="find: Permission denied",
        unrecognised=1,
        unrecognised_examples=["odd/file"],
        locks=[["tracs/LOCKED", 1_700_000_000]],
        free_bytes=10**9,
        total_bytes=10**10,
    )

    page = text(admin_client, f"/runs/{run.pk}/")

    for part in ("Cut off", "list", "no trailer", "find /backup", "Welcome!", "Permission denied"):
        assert part in page
    for part in ("odd/file", "tracs/LOCKED", "1.00 GB free of 10.0 GB", "not complete"):
        assert part in page


def test_runs_are_filtered_by_the_address(vault: Replica, admin_client: Client) -> None:
    make_run_at(vault, NOW, RunStatus.TIMEOUT)

    assert "1 look," in text(admin_client, "/runs/?hub=H&node=vault&status=timeout")


def test_findings_are_the_open_ones_unless_asked(vault: Replica, admin_client: Client) -> None:
    closed = find(vault, "clock_skew", "warn")
    closed.closed_at = NOW
    closed.save()
    find(vault, "overdue")

    assert "it is clock_skew" not in text(admin_client, "/findings/")
    assert "it is clock_skew" in text(admin_client, "/findings/?state=closed&severity=warn")
    assert "it is overdue" in text(admin_client, "/findings/?state=all&code=overdue&hub=H")


def test_a_finding_shows_its_evidence_and_when_it_was_so_before(
    vault: Replica, admin_client: Client
) -> None:
    before = find(vault, "overdue")
    before.closed_at = NOW - DAY
    before.opened_at = NOW - 2 * DAY
    before.save()
    now = find(vault, "overdue")
    now.evidence = {"expected_at": "2024-05-15", "seen": [1, 2]}
    now.save()

    page = text(admin_client, f"/findings/{now.pk}/")

    assert "expected at 2024-05-15 seen 1, 2" in page
    assert "2024-05-13 12:00 UTC" in page


@pytest.mark.parametrize(
    "address", ["/runs/?hub=H%00", "/hubs/H%00/", "/api/v1/repos/?name=%00", "/api/v1/hubs/%00/"]
)
def test_an_address_with_a_null_character_is_not_found(
    vault: Replica, admin_client: Client, address: str
) -> None:
    assert admin_client.get(address).status_code == 404


def test_a_filter_shows_what_it_was_asked_even_if_that_is_none(admin_client: Client) -> None:
    assert b"<option selected>zzz</option>" in admin_client.get("/findings/?severity=zzz").content


def test_a_tarball_on_an_unknown_node_was_there_at_the_last_look(
    vault: Replica, admin_client: Client
) -> None:
    assert "at the last look" not in text(admin_client, "/repos/H/tracs/env/")
    make_run_at(vault, NOW, RunStatus.UNREACHABLE)

    assert text(admin_client, "/repos/H/tracs/env/").count("at the last look") == 3


def test_a_daily_look_lists_the_newest_months_of_all_tarballs(
    vault: Replica, admin_client: Client
) -> None:
    sum_up(vault)
    make_run_at(vault, NOW, full=False, seen=2, seen_bytes=2_000)

    page = text(admin_client, "/hubs/H/vault/")

    assert "Tarballs listed 2, 2.00 kB , in the newest months" in page
    assert "Tarballs there in all 3" in page


@pytest.mark.parametrize("url", ["/hubs/H/vault/", "/repos/H/tracs/env/"])
def test_a_sidecar_is_worded_the_same_everywhere(
    vault: Replica, admin_client: Client, url: str
) -> None:
    assert "dna read" in text(admin_client, url)


def test_a_complete_run_is_ok_in_one_word(vault: Replica, admin_client: Client) -> None:
    page = text(admin_client, f"/runs/{vault.runs.get().pk}/")

    assert " ok Last looked successfully" in page


def test_a_long_name_has_a_small_heading(vault: Replica, admin_client: Client) -> None:
    make_repo(vault.hub, f"svn/{'x' * 240}")

    assert b'<h1 class="long">' in admin_client.get(f"/repos/H/svn/{'x' * 240}/").content


@pytest.fixture
def wide() -> Hub:
    """A hub with fifty nodes."""
    hub = make_hub("WIDE", expected_per_day=1)
    for number in range(50):
        replica = make_replica(hub, f"node{number}", "copy")
        make_run_at(replica, NOW - HOUR)
        for name in ("one", "two", "three"):
            lay_snapshots(replica, f"svn/{name}", every(3))
        sum_up(replica)
        find(replica, "overdue", repo="svn/one")
    return hub


def test_no_page_asks_more_of_the_database_when_there_is_more(
    wide: Hub, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    run, finding = CollectRun.objects.all()[0], wide.findings.all()[0]
    pages = ["/", "/hubs/WIDE/", "/hubs/WIDE/node7/", "/repos/WIDE/svn/one/", "/findings/"]

    for url in [*pages, "/runs/", f"/runs/{run.pk}/", f"/findings/{finding.pk}/"]:
        with django_assert_max_num_queries(MOST_QUERIES, info=url):
            admin_client.get(url)


def test_what_is_nowhere_has_a_page_that_says_so(admin_client: Client) -> None:
    response = admin_client.get("/hubs/none/")

    assert response.status_code == 404
    assert b"nothing here" in response.content


def test_a_repo_that_is_not_judged_is_neither_good_nor_bad(
    vault: Replica, admin_client: Client
) -> None:
    make_repo(vault.hub, "svn/chosen", selected=True)

    assert "tracs/env not judged" in text(admin_client, "/hubs/H/?all=1")


def test_a_disabled_replica_is_not_looked_at(vault: Replica, admin_client: Client) -> None:
    Replica.objects.update(enabled=False)

    assert "tracs/env not looked at" in text(admin_client, "/hubs/H/")


def test_a_run_that_failed_says_when_its_replica_was_last_seen(
    vault: Replica, admin_client: Client
) -> None:
    run = make_run_at(vault, NOW, RunStatus.TIMEOUT)

    assert "Last looked successfully: 60 min ago" in text(admin_client, f"/runs/{run.pk}/")


# --- What goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "405", "500"])
def test_a_page_of_an_error_asks_nothing_of_the_database(
    name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        page = render_to_string(f"{name}.html")

    assert f"HTTP {name[:3]}" in page
    assert "dashboard/site.css" in page


def test_an_address_that_only_takes_answers_says_so(vault: Replica, admin_client: Client) -> None:
    response = admin_client.get(f"/findings/{find(vault, 'overdue').pk}/acknowledge/")

    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert b"Nothing was done" in response.content


def test_a_program_gets_no_page_for_what_it_may_not_do(admin_client: Client) -> None:
    response = admin_client.delete("/findings/1/acknowledge/", headers={"Accept": "text/plain"})

    assert (response.status_code, response.content) == (405, b"")


def test_a_form_that_has_grown_old_says_so(vault: Replica) -> None:
    response = Client(enforce_csrf_checks=True).post("/login/", {"username": "ada"})

    assert response.status_code == 403
    assert b"grown old" in response.content


def test_an_empty_site_tells_others_whom_to_ask(client: Client) -> None:
    client.force_login(User.objects.create_user("eve"))

    page = text(client, "/")

    assert "no hub that you may see" in page
    assert "import_config" not in page


def test_a_hub_without_replicas_says_what_to_do(admin_client: Client) -> None:
    make_hub("BARE")

    page = text(admin_client, "/hubs/BARE/")

    assert "Nothing is watched: it has no enabled replica." in page
    assert "this hub has no replica" in page


def test_the_first_page_says_in_a_sentence_how_all_is(vault: Replica, admin_client: Client) -> None:
    make_run_at(make_replica(make_hub("A"), "attic"), NOW - HOUR)
    find(vault, "overdue")

    assert "1 of 2 hubs has an alarm: H; 1 is all right." in text(admin_client, "/")


def test_every_page_names_the_version_that_made_it(vault: Replica, admin_client: Client) -> None:
    pyproject = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())

    assert f"scmmon {pyproject['project']['version']}" in text(admin_client, "/")


def test_a_disk_is_drawn_as_full_as_it_is(vault: Replica, admin_client: Client) -> None:
    make_run_at(vault, NOW, free_bytes=25, total_bytes=100)

    assert b'aria-label="75 % used"' in admin_client.get("/hubs/H/vault/").content
