"""What an outsider tries, to learn of a hub of another group: an answer must be that for what does not exist."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from alerts.models import Channel, Notification
from dashboard.tokens.making import make_token
from hubs.models import Hub, Replica
from probes.models import StoredPicture
from tests.estate import HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.months import sum_up
from tests.told import make_channel, make_message

pytestmark = pytest.mark.django_db

SECRET, OWN, NONE = (
    "Zulu77",
    "Delta4",
    "Quiet9",
)  # the hub of others, one that all may see, and none
REPO = "nightfall"  # only the secret hub has it
VARIES = {"Set-Cookie", "Date"}


def fill(tag: str, repo: str) -> Replica:
    """Store a hub with one thing of each kind, on a node that both hubs share."""
    hub = make_hub(tag)
    replica = make_replica(hub, "vault")
    lay_snapshots(replica, f"tracs/{repo}", every(3))
    sum_up(replica)
    make_run(replica, NOW - HOUR)
    open_finding(hub, "shrunk", replica=replica, message=f"{repo} shrank")
    make_message(hub, make_channel(f"of {tag}", addresses=["ops@example.org"]))
    return replica


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def own() -> Replica:
    Channel.objects.all().delete()
    return fill(OWN, "sunrise")


@pytest.fixture
def secret(own: Replica) -> Replica:
    replica = fill(SECRET, REPO)
    replica.hub.groups.add(Group.objects.create(name="institute"))
    return replica


@pytest.fixture
def outsider(client: Client, secret: Replica) -> Client:
    """Somebody who may do everything, but not with that hub."""
    user = User.objects.create_user("mallory")
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["change_finding", "add_collectrun"])
    )
    client.force_login(user)
    return client


@pytest.fixture
def viewer(secret: Replica) -> Client:
    user = User.objects.create_user("alice")
    user.groups.set(Group.objects.all())
    client = Client()
    client.force_login(user)
    return client


def shown(response: Any, asked: str = "") -> tuple[int, dict[str, str], bytes]:
    """Return all that an answer tells, with the address that was asked for left out."""
    headers = {name: value for name, value in response.headers.items() if name not in VARIES}
    if "Content-Length" in headers:
        headers["Content-Length"] = str(int(headers["Content-Length"]) - len(asked))
    if "Location" in headers:
        headers["Location"] = headers["Location"].replace(asked, "…")
    return response.status_code, headers, response.content.replace(asked.encode(), "…".encode())


def ids(replica: Replica) -> dict[str, int]:
    """Return the ids of what a replica's hub has, by kind."""
    hub = replica.hub
    return {
        "finding": hub.findings.get().pk,
        "run": replica.runs.get().pk,
        "message": Notification.objects.get(hub=hub).pk,
        "replica": replica.pk,
        "repo": hub.repos.get().pk,
        "snapshot": replica.snapshots.all()[0].pk,
    }


# --- By name -----------------------------------------------------------------------------------

BY_TAG = [
    "/hubs/{tag}/",
    "/hubs/{tag}/vault/",
    "/hubs/{tag}/vault/series/",
    "/hubs/{tag}/vault/cell/?repo=tracs/env",
    "/repos/{tag}/tracs/env/",
    "/repos/{tag}/tracs/env/series/",
    "/plots/{tag}.svg",
    "/plots/{tag}/vault.svg",
    "/plots/{tag}/vault.png",
    "/plots/{tag}/tracs/env.svg",
    "/badges/{tag}.svg",
    "/looking/{tag}/",
    "/looking/{tag}/vault/",
    "/news/?hub={tag}",
    "/metrics?hub={tag}",
    "/data/{tag}/scm_backup_monitor_vault.json",
    "/api/v1/hubs/{tag}/",
    "/api/v1/series/{tag}/vault/",
]


@pytest.mark.parametrize("address", BY_TAG)
def test_a_hidden_hub_is_told_like_none(outsider: Client, address: str) -> None:
    hidden, absent = (shown(outsider.get(address.format(tag=tag)), tag) for tag in (SECRET, NONE))

    assert hidden == absent
    assert hidden[0] == 404


@pytest.mark.parametrize("address", BY_TAG)
def test_who_is_not_logged_in_is_told_the_same_of_both(
    client: Client, secret: Replica, address: str
) -> None:
    hidden, absent = (shown(client.get(address.format(tag=tag)), tag) for tag in (SECRET, NONE))

    assert hidden == absent


@pytest.mark.parametrize("address", BY_TAG)
def test_public_pages_tell_of_a_hidden_hub_like_of_none(
    client: Client, secret: Replica, settings: Settings, address: str
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    hidden, absent = (shown(client.get(address.format(tag=tag)), tag) for tag in (SECRET, NONE))

    assert hidden == absent
    assert hidden[0] == 404


@pytest.mark.parametrize(
    "written",
    [
        "zulu77",
        "%5Aulu77",
        "%5A%75%6C%75%37%37",
        "Zulu77%20",
        "Zulu77%2F",
        "Zulu77%2Fvault",
        "Zulu77;",
    ],
)
@pytest.mark.parametrize("address", ["/hubs/{tag}/", "/badges/{tag}.svg", "/api/v1/hubs/{tag}/"])
def test_another_spelling_is_no_way_in(outsider: Client, address: str, written: str) -> None:
    assert outsider.get(address.format(tag=written)).status_code == 404


def test_tags_that_differ_by_case_are_two_hubs(outsider: Client) -> None:
    make_hub(SECRET.lower())

    assert outsider.get(f"/hubs/{SECRET.lower()}/").status_code == 200
    assert outsider.get(f"/hubs/{SECRET}/").status_code == 404


def test_a_tag_with_a_colon_is_hidden_too(outsider: Client, secret: Replica) -> None:
    other = make_hub("Z9:229")
    other.groups.set(secret.hub.groups.all())

    answers = [outsider.get(f"/hubs/{tag}/").status_code for tag in ("Z9:229", "Z9%3A229")]

    assert answers == [404, 404]


@pytest.mark.parametrize("address", [one for one in BY_TAG if one.endswith("/")])
def test_an_address_without_its_slash_leads_on_alike(outsider: Client, address: str) -> None:
    hidden, absent = (
        shown(outsider.get(address.format(tag=tag).rstrip("/")), tag) for tag in (SECRET, NONE)
    )

    assert hidden == absent


@pytest.mark.parametrize("address", BY_TAG)
def test_a_tag_of_an_answer_that_others_got_opens_nothing(
    outsider: Client, viewer: Client, address: str
) -> None:
    there = address.format(tag=SECRET)
    etag = viewer.get(there).headers.get("ETag", "*")

    for value in (etag, "*"):
        assert outsider.get(there, headers={"If-None-Match": value}).status_code == 404


# --- By id -------------------------------------------------------------------------------------

BY_ID = {
    "/findings/{pk}/": "finding",
    "/runs/{pk}/": "run",
    "/notifications/{pk}/": "message",
    "/notifications/{pk}/plot-7.png": "message",
    "/api/v1/findings/{pk}/": "finding",
    "/api/v1/runs/{pk}/": "run",
    "/api/v1/messages/{pk}/": "message",
    "/api/v1/replicas/{pk}/": "replica",
    "/api/v1/repos/{pk}/": "repo",
    "/api/v1/snapshots/{pk}/": "snapshot",
}


def hidden_and_absent(secret: Replica, kind: str) -> tuple[str, str]:
    """Return the id of something hidden, and one as long that nothing has."""
    hidden = str(ids(secret)[kind])
    return hidden, "9" * len(hidden)


@pytest.mark.parametrize(("address", "kind"), BY_ID.items())
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_hidden_id_is_told_like_none(
    outsider: Client, secret: Replica, address: str, kind: str, method: str
) -> None:
    hidden, absent = (
        shown(getattr(outsider, method)(there), there)
        for there in (address.format(pk=pk) for pk in hidden_and_absent(secret, kind))
    )

    assert hidden == absent
    assert hidden[0] == 404


ACTS = {
    "/findings/{pk}/acknowledge/": "finding",
    "/findings/{pk}/withdraw/": "finding",
    "/findings/{pk}/accept/": "finding",
    "/notifications/{pk}/again/": "message",
    "/api/v1/findings/{pk}/acknowledge/": "finding",
    "/api/v1/findings/{pk}/withdraw/": "finding",
    "/api/v1/findings/{pk}/accept/": "finding",
    "/api/v1/replicas/{pk}/collect/": "replica",
}


@pytest.mark.parametrize(("address", "kind"), ACTS.items())
def test_doing_something_to_a_hidden_thing_is_told_like_to_none(
    outsider: Client, secret: Replica, address: str, kind: str
) -> None:
    body = {"reason": "because", "until": "closed"}
    hidden, absent = (
        shown(outsider.post(there, body, content_type="application/json"), there)
        for there in (address.format(pk=pk) for pk in hidden_and_absent(secret, kind))
    )

    assert hidden == absent
    assert hidden[0] == 404


@pytest.mark.parametrize(
    "address", ["/collect/{tag}/", "/collect/{tag}/vault/", "/api/v1/hubs/{tag}/collect/"]
)
def test_a_look_at_a_hidden_hub_cannot_be_asked_for(outsider: Client, address: str) -> None:
    hidden, absent = (shown(outsider.post(address.format(tag=tag)), tag) for tag in (SECRET, NONE))

    assert hidden == absent
    assert hidden[0] == 404


BY_REPLICA = [
    "/hubs/Delta4/vault/?replica={pk}",
    "/hubs/Delta4/vault/series/?replica={pk}",
    "/hubs/Delta4/vault/cell/?repo=tracs/sunrise&replica={pk}",
    "/plots/Delta4/vault.svg?replica={pk}",
    "/data/Delta4/scm_backup_monitor_vault.json?replica={pk}",
    "/api/v1/series/Delta4/vault/?replica={pk}",
    "/api/v1/findings/?replica={pk}",
    "/api/v1/runs/?replica={pk}",
    "/api/v1/snapshots/?replica={pk}",
]


@pytest.mark.parametrize("address", BY_REPLICA)
def test_a_replica_of_another_hub_is_no_way_in(
    outsider: Client, secret: Replica, address: str
) -> None:
    hidden, absent = (
        outsider.get(address.format(pk=pk)) for pk in hidden_and_absent(secret, "replica")
    )

    assert hidden.status_code == absent.status_code
    assert SECRET.encode() not in hidden.content
    assert REPO.encode() not in hidden.content


def test_a_picture_of_a_hidden_hub_is_not_found_by_its_digest(
    outsider: Client, viewer: Client
) -> None:
    viewer.get(f"/plots/{SECRET}/vault.svg")
    digest = StoredPicture.objects.get(hub__tag=SECRET).digest

    answer = outsider.get(f"/plots/{OWN}/vault.svg?v={digest}", follow=True)

    assert REPO.encode() not in answer.content
    assert outsider.get(f"/plots/{SECRET}/vault.svg?v={digest}").status_code == 404


# --- In lists ----------------------------------------------------------------------------------

LISTS = [
    "/",
    "/findings/?state=all",
    "/findings/?state=all&sort=hub",
    "/runs/",
    "/notifications/",
    f"/hubs/{OWN}/",
    f"/hubs/{OWN}/vault/",
    "/metrics",
    "/api/v1/hubs/",
    "/api/v1/nodes/",
    "/api/v1/nodes/vault/",
    "/api/v1/replicas/",
    "/api/v1/repos/",
    "/api/v1/snapshots/",
    "/api/v1/runs/",
    "/api/v1/findings/",
    "/api/v1/messages/",
]


@pytest.mark.parametrize("address", LISTS)
def test_a_list_names_nothing_of_a_hidden_hub(outsider: Client, address: str) -> None:
    answer = outsider.get(address)

    assert answer.status_code == 200
    assert SECRET.encode() not in answer.content
    assert REPO.encode() not in answer.content


@pytest.mark.parametrize("address", [one for one in LISTS if one.startswith("/api/")])
def test_nothing_changes_for_an_outsider_when_a_hidden_hub_does(
    outsider: Client, secret: Replica, address: str
) -> None:
    before = shown(outsider.get(address))
    lay_snapshots(secret, "tracs/dusk", every(4))
    make_run(secret, NOW)
    open_finding(secret.hub, "overdue", replica=secret)

    assert shown(outsider.get(address)) == before


@pytest.mark.parametrize(
    "address",
    [
        "/findings/?state=all&hub={tag}",
        "/runs/?hub={tag}",
        "/notifications/?hub={tag}",
        "/api/v1/findings/?hub={tag}",
        "/api/v1/runs/?hub={tag}",
        "/api/v1/snapshots/?hub={tag}",
        "/api/v1/repos/?hub={tag}",
        "/api/v1/messages/?hub={tag}",
    ],
)
def test_a_filter_for_a_hidden_hub_finds_as_much_as_for_none(
    outsider: Client, address: str
) -> None:
    def found(tag: str) -> str:
        answer: HttpResponse = outsider.get(address.format(tag=tag))  # type: ignore[assignment]
        return f"{answer.status_code} {answer.content.decode().count('vault')}"

    assert found(SECRET) == found(NONE)


@pytest.mark.parametrize("kind", ["findings", "runs", "snapshots", "messages"])
def test_a_cursor_of_somebody_else_shows_only_ones_own(
    outsider: Client, viewer: Client, kind: str
) -> None:
    cursor = viewer.get(f"/api/v1/{kind}/?page_size=1").json()["next"]
    assert cursor

    answer = outsider.get(cursor)

    assert answer.status_code == 200
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("cursor", ["x", "e30=", "W10=", "'", "A" * 5000, "%00", "bnVsbA=="])
@pytest.mark.parametrize("kind", ["findings", "runs", "snapshots", "messages"])
def test_a_forged_cursor_is_refused_and_breaks_nothing(
    outsider: Client, kind: str, cursor: str
) -> None:
    assert outsider.get(f"/api/v1/{kind}/?cursor={cursor}").status_code in (400, 404)


def test_news_of_a_hidden_hub_are_no_news(outsider: Client, secret: Replica) -> None:
    since = int((NOW - HOUR / 2).timestamp())
    open_finding(secret.hub, "overdue", opened_at=NOW)
    make_run(secret, NOW - HOUR / 4)

    assert outsider.get(f"/news/?since={since}").json()["words"] == ""


# --- In and out --------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example/", "/\\evil.example/"])
def test_the_login_leads_nowhere_else(client: Client, db: None, then: str) -> None:
    User.objects.create_user("alice", password="wonderland")

    answer = client.post("/login/", {"username": "alice", "password": "wonderland", "next": then})

    assert answer.headers["Location"] == "/"


def test_a_token_of_somebody_else_is_not_there(outsider: Client, viewer: Client) -> None:
    token, _ = make_token(User.objects.get(username="alice"), "cron", ["read"], NOW)

    answer = outsider.post(reverse("revoke-token", args=[token.pk]))

    token.refresh_from_db()
    assert (answer.status_code, token.revoked_at) == (404, None)


def bearer(name: str, *scopes: str) -> dict[str, str]:
    _, secret = make_token(User.objects.get(username=name), "scrape", scopes, NOW)
    return {"Authorization": f"Bearer {secret}"}


FOR_PROGRAMS = ["/metrics", f"/data/{SECRET}/scm_backup_monitor_vault.json"]


@pytest.mark.parametrize("address", FOR_PROGRAMS)
def test_a_token_reads_what_programs_read(viewer: Client, address: str) -> None:
    answer = Client().get(address, headers=bearer("alice", "read"))

    assert answer.status_code == 200
    assert REPO in answer.content.decode() or f'hub="{SECRET}"' in answer.content.decode()


@pytest.mark.parametrize("address", FOR_PROGRAMS)
def test_a_token_that_is_not_for_reading_is_refused(viewer: Client, address: str) -> None:
    assert Client().get(address, headers=bearer("alice", "collect")).status_code == 403


@pytest.mark.parametrize("address", FOR_PROGRAMS)
@pytest.mark.parametrize("given", ["Bearer scmmon_00000000_" + "x" * 40, "Bearer ", "Bearer a b"])
def test_a_wrong_token_is_refused_even_where_pages_are_public(
    client: Client, secret: Replica, settings: Settings, address: str, given: str
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert client.get(address, headers={"Authorization": given}).status_code == 401


def test_a_token_opens_no_page(viewer: Client) -> None:
    answer = Client().get("/", headers=bearer("alice", "read"))

    assert answer.headers["Location"].startswith("/login/")


def test_a_token_of_an_outsider_sees_nothing_of_the_hub(outsider: Client) -> None:
    text = Client().get("/metrics", headers=bearer("mallory", "read")).content.decode()

    assert OWN in text
    assert SECRET not in text


def test_a_locked_name_does_not_lock_its_token(client: Client, viewer: Client) -> None:
    headers = bearer("alice", "read")
    for _ in range(6):
        client.post("/login/", {"username": "alice", "password": "wrong"})

    assert Client().get("/metrics", headers=headers).status_code == 200


def test_a_hub_is_gone_at_once_when_its_group_is_taken_away(viewer: Client) -> None:
    viewer.get(f"/hubs/{SECRET}/")
    User.objects.get(username="alice").groups.clear()

    assert viewer.get(f"/hubs/{SECRET}/").status_code == 404


def test_a_hub_that_gets_its_first_group_is_hidden_at_once(outsider: Client, own: Replica) -> None:
    outsider.get(f"/plots/{OWN}/vault.svg")
    Hub.objects.get(tag=OWN).groups.set(Group.objects.all())

    assert outsider.get(f"/plots/{OWN}/vault.svg").status_code == 404
