"""Errors of the API: all are problem documents, whoever in the house found them."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dashboard.api.problems import PROBLEMS
from probes.models import CollectRun
from tests.estate import NOW, make_hub, make_replica, make_run
from tests.findings import make_user, may_answer, open_finding
from tests.tokens import bearer

pytestmark = pytest.mark.django_db


def kind_of(answer: Any) -> tuple[int, str]:
    """Return the status and the kind of an error, once it is clear that it is a whole problem document."""
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "private, no-store"
    problem = answer.json()
    name = problem["type"].rpartition("#")[2]
    assert problem["title"] == PROBLEMS[name].title
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert problem["instance"].startswith("/api/")
    return answer.status_code, name


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/api/", (404, "not-found")),
        ("/api/v1/", (404, "not-found")),
        ("/api/v1/nothing/", (404, "not-found")),
        ("/api/docs/nothing/", (404, "not-found")),
        ("/api/v1/hubs/none/", (404, "not-found")),
        ("/api/v1/runs/abc/", (404, "not-found")),
        ("/api/v1/runs/999999999999999999/", (404, "not-found")),
        ("/api/v1/runs/9999999999999999999999/", (404, "not-found")),
        ("/api/v1/hubs/?page=2", (404, "not-found")),
        ("/api/v1/hubs/?name=%00", (404, "not-found")),
        ("/api/v1/hubs/a%00/", (404, "not-found")),
        ("/api/v1/series/none/none/", (404, "not-found")),
        ("/api/v1/hubs/?nme=x", (400, "invalid")),
        ("/api/schema/?format=xml", (404, "not-found")),
    ],
)
def test_an_error_is_a_problem(admin_client: Client, address: str, kind: tuple[int, str]) -> None:
    assert kind_of(admin_client.get(address)) == kind


def test_an_address_is_named_as_it_was_asked_for(admin_client: Client) -> None:
    problem = admin_client.get("/api/v1/h%22ubs/?x=1").json()

    assert problem["instance"] == '/api/v1/h"ubs/'


def test_without_login_it_is_a_problem() -> None:
    assert kind_of(Client().get("/api/v1/hubs/")) == (401, "unauthenticated")


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(admin_client: Client) -> None:
    answer = admin_client.delete("/api/v1/hubs/")

    assert kind_of(answer) == (405, "method-not-allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("method", ["options", "trace", "put", "patch", "post"])
def test_no_other_method_than_get_reads(admin_client: Client, method: str) -> None:
    assert kind_of(getattr(admin_client, method)("/api/v1/runs/"))[0] == 405


@pytest.mark.parametrize(
    ("address", "accept"),
    [
        ("/api/v1/hubs/", "text/html"),
        ("/api/v1/hubs/", "image/png"),
        ("/api/v1/hubs/C2/", "text/csv"),
    ],
)
def test_a_form_that_there_is_not_is_a_problem(
    admin_client: Client, address: str, accept: str
) -> None:
    make_hub("C2")

    answer = admin_client.get(address, headers={"Accept": accept})

    assert kind_of(answer) == (406, "not-acceptable")


def test_an_error_stays_json_where_csv_was_asked_for(admin_client: Client) -> None:
    answer = admin_client.get("/api/v1/runs/?format=csv&status=fine")

    assert kind_of(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["status"]


def acknowledging(body: bytes, content_type: str = "application/json") -> Any:
    finding = open_finding(make_hub())
    return Client().generic(
        "POST",
        f"/api/v1/findings/{finding.pk}/acknowledge/",
        body,
        content_type=content_type,
        headers=bearer(may_answer()),
    )


@pytest.mark.parametrize(
    "body", [b"{", b"nothing", b'{"reason": NaN}', b'"\x80"', b"[" * 60_000, b" " * 70_000]
)
def test_a_body_that_is_no_json_is_a_problem(body: bytes) -> None:
    assert kind_of(acknowledging(body)) == (400, "malformed")


def test_no_body_is_a_problem() -> None:
    assert list(acknowledging(b"").json()["errors"]) == ["reason"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_another_form_of_body_is_a_problem(content_type: str) -> None:
    answer = acknowledging(b"reason=x", content_type)

    assert kind_of(answer) == (415, "unsupported-media-type")


def test_an_encoding_that_is_none_is_a_problem() -> None:
    assert kind_of(acknowledging(b"{}", "application/json; charset=none"))[0] == 400


def test_wrong_fields_are_named() -> None:
    answer = acknowledging(b'{"reason": "", "until": "soon"}')

    assert kind_of(answer) == (400, "invalid")
    assert set(answer.json()["errors"]) == {"reason", "until"}
    assert "until: " in answer.json()["detail"]


def test_a_conflict_is_a_problem() -> None:
    finding = open_finding(make_hub())

    answer = Client().post(f"/api/v1/findings/{finding.pk}/withdraw/", headers=bearer(may_answer()))

    assert kind_of(answer) == (409, "conflict")


def test_what_is_not_permitted_is_a_problem() -> None:
    finding = open_finding(make_hub())

    answer = Client().post(
        f"/api/v1/findings/{finding.pk}/withdraw/", headers=bearer(make_user("eve"))
    )

    assert kind_of(answer) == (403, "forbidden")


def test_a_missing_csrf_token_is_a_problem() -> None:
    finding = open_finding(make_hub())
    client = Client(enforce_csrf_checks=True)
    client.force_login(may_answer())

    answer = client.post(f"/api/v1/findings/{finding.pk}/withdraw/")

    assert kind_of(answer) == (403, "forbidden")


def test_a_failure_of_ours_is_a_problem_that_tells_nothing_of_us(
    admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("dashboard.queries.runs_for", fail)
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)

    answer = client.get("/api/v1/runs/")

    assert kind_of(answer) == (500, "server-error")
    assert b"secret" not in answer.content
    assert b"Traceback" not in answer.content


def test_an_unknown_host_is_a_problem(admin_client: Client) -> None:
    assert kind_of(admin_client.get("/api/v1/hubs/", headers={"Host": "evil.example"}))[0] == 400


def test_pages_keep_their_own_errors(admin_client: Client) -> None:
    assert admin_client.get("/nothing/")["Content-Type"].startswith("text/html")


def test_a_token_in_a_browser_gets_the_security_headers_with_an_error(
    admin_client: Client,
) -> None:
    assert "default-src 'none'" in admin_client.get("/api/v1/x/")["Content-Security-Policy"]


# --- Parameters that would silently answer something else ----------------------------------------


@pytest.fixture
def run() -> CollectRun:
    return make_run(make_replica(make_hub("C2"), "Z9:229"), NOW)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("hubb=C2", "hubb"),
        ("hub__tag=C2", "hub__tag"),
        ("Hub=C2", "Hub"),
        ("hub=", "hub"),
        ("hub=C2&hub=C3", "hub"),
        ("status=OK", "status"),
        ("status=fine", "status"),
        ("full=yes", "full"),
        ("full=True", "full"),
        ("replica=one", "replica"),
        ("replica=-1", "replica"),
        ("replica=1.0", "replica"),
        (f"replica={2**63}", "replica"),
        ("started_after=yesterday", "started_after"),
        ("ordering=status", "ordering"),
        ("ordering=id,", "ordering"),
        ("ordering=--id", "ordering"),
        ("ordering=pk", "ordering"),
        ("page=1", "page"),
        ("page_size=0", "page_size"),
        ("page_size=1001", "page_size"),
        ("page_size=ten", "page_size"),
        ("page_size=%D9%A1", "page_size"),
        ("format=xml", "format"),
    ],
)
def test_a_parameter_that_is_wrong_is_refused_and_named(
    run: CollectRun, admin_client: Client, query: str, wrong: str
) -> None:
    answer = admin_client.get(f"/api/v1/runs/?{query}")

    assert kind_of(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == [wrong]


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("/api/v1/snapshots/?repo=env", "repo"),
        ("/api/v1/hubs/?page=0", "page"),
        ("/api/v1/hubs/?cursor=x", "cursor"),
        ("/api/v1/hubs/C2/?hub=C2", "hub"),
        ("/api/v1/series/C2/Z9:229/?range=2w", "range"),
        ("/api/v1/series/C2/Z9:229/?replica=x", "replica"),
        ("/api/v1/series/C2/Z9:229/?repo=x", "repo"),
        ("/api/v1/series/C2/Z9:229/?begin=2024-05-15&range=1m", "range"),
        ("/api/v1/series/C2/Z9:229/?begin=2024-W20-3", "begin"),
        ("/api/v1/series/C2/Z9:229/?end=soon", "end"),
        ("/api/v1/series/C2/Z9:229/?begin=2024-05-15&end=2024-05-14", "end"),
    ],
)
def test_other_lists_refuse_too(
    run: CollectRun, admin_client: Client, address: str, wrong: str
) -> None:
    assert list(admin_client.get(address).json()["errors"]) == [wrong]


def test_a_parameter_of_a_post_is_refused() -> None:
    finding = open_finding(make_hub())

    answer = Client().post(
        f"/api/v1/findings/{finding.pk}/withdraw/?until=x", headers=bearer(may_answer())
    )

    assert list(answer.json()["errors"]) == ["until"]


def test_who_may_not_ask_is_not_told_what_the_parameters_are(settings: Settings) -> None:
    assert Client().get("/api/v1/runs/?hubb=C2").status_code == 401
