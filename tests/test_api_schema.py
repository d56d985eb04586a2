"""What the API says of itself: a schema that is valid and whole, examples that are true, and a page made from it."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from rest_framework.serializers import BaseSerializer

from dashboard.api import serializers
from dashboard.api.examples import BODIES, EXAMPLES
from dashboard.api.problems import PROBLEMS
from tests.test_api import KINDS

pytestmark = pytest.mark.django_db

Schema = dict[str, Any]


@pytest.fixture
def schema(admin_client: Client) -> Schema:
    found: Schema = admin_client.get("/api/schema/?format=json").json()
    return found


def operations(schema: Schema) -> list[tuple[str, Schema]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_schema_is_valid_and_leaves_no_doubt() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null")


def test_the_schema_knows_every_endpoint(schema: Schema) -> None:
    assert set(schema["paths"]) == {
        *(f"/api/v1/{kind}/" for kind in KINDS),
        *(f"/api/v1/{kind}/{{tag}}/" for kind in ("hubs", "nodes")),
        *(f"/api/v1/{kind}/{{id}}/" for kind in KINDS[2:]),
        "/api/v1/series/{hub}/{node}/",
        *(f"/api/v1/findings/{{id}}/{verb}/" for verb in ("acknowledge", "withdraw", "accept")),
        "/api/v1/hubs/{tag}/collect/",
        "/api/v1/replicas/{id}/collect/",
    }


def test_every_operation_is_described(schema: Schema) -> None:
    assert [line for line, one in operations(schema) if not one.get("description")] == []


def test_every_parameter_is_described(schema: Schema) -> None:
    silent = [
        f"{line} {parameter['name']}"
        for line, operation in operations(schema)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert silent == []


def test_every_operation_says_which_errors_there_are(schema: Schema) -> None:
    for _, operation in operations(schema):
        errors = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
        assert {"400", "401", "403", "404", "406", "429", "500"} <= set(errors)
        for answer in errors.values():
            (media,) = answer["content"]
            assert media == "application/problem+json"


def test_every_operation_says_how_to_log_in(schema: Schema) -> None:
    assert set(schema["components"]["securitySchemes"]) == {"token", "session"}
    for _, operation in operations(schema):
        assert operation["security"] == [{"token": []}, {"session": []}]


@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_there_as_csv_too(schema: Schema, kind: str) -> None:
    content = schema["paths"][f"/api/v1/{kind}/"]["get"]["responses"]["200"]["content"]

    assert content["text/csv"]["schema"]["type"] == "string"


def test_choices_are_named(schema: Schema) -> None:
    parameters = schema["paths"]["/api/v1/runs/"]["get"]["parameters"]
    (status,) = (one for one in parameters if one["name"] == "status")

    assert "host_key" in status["schema"]["enum"]


def test_every_answer_has_an_example(schema: Schema) -> None:
    for _, operation in operations(schema):
        answer = next(iter(operation["responses"].values()))
        assert answer["content"]["application/json"]["example"]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_has_the_fields_of_its_rows(name: str) -> None:
    serializer: BaseSerializer[Any] = getattr(serializers, name)()

    assert list(EXAMPLES[name]) == list(serializer.fields)  # type: ignore[attr-defined]


def test_examples_of_bodies_are_right() -> None:
    for verb, form in (
        ("acknowledge", serializers.AcknowledgeSerializer),
        ("accept", serializers.AcceptSerializer),
    ):
        assert form(data=BODIES[verb]).is_valid()


def test_without_login_there_is_no_schema() -> None:
    assert Client().get("/api/schema/").status_code == 401


# --- The page made from it -----------------------------------------------------------------------


@pytest.fixture
def page(admin_client: Client) -> str:
    return admin_client.get("/api/docs/").content.decode()


def test_the_page_names_every_operation(page: str, schema: Schema) -> None:
    for line, operation in operations(schema):
        assert line in page
        for parameter in operation.get("parameters", []):
            assert f">{parameter['name']}<" in page


def test_the_page_names_every_kind_of_error(page: str) -> None:
    for name in PROBLEMS:
        assert f'id="{name}"' in page


def test_the_page_has_no_address_twice(page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page)

    assert len(ids) == len(set(ids))


def test_the_page_needs_nothing_from_elsewhere_and_no_script_of_its_own(page: str) -> None:
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script>" not in page
    assert " style=" not in page


def test_what_the_page_offers_to_open_can_be_opened(page: str, admin_client: Client) -> None:
    links = set(re.findall(r'href="(/api/v1/[^"]+)"', page))

    assert len(links) == 2 * len(KINDS)
    for link in links:
        assert admin_client.get(link).status_code == 200


def test_the_page_leads_to_the_tokens(page: str, client: Client) -> None:
    assert 'href="/tokens/"' in page


def test_docs_describe_every_endpoint_and_page() -> None:
    written = (settings.BASE_DIR / "docs/api.md").read_text()

    for kind in KINDS:
        assert f"`/api/v1/{kind}/`" in written
    for address in (
        "/api/v1/series/<hub>/<node>/", "/api/schema/", "/api/docs/", "/healthz", "/tokens/",
        "/api/v1/hubs/<tag>/collect/", "/api/v1/replicas/<id>/collect/",
    ):  # fmt: skip
        assert f"`{address}`" in written


def test_docs_name_every_filter(schema: Schema) -> None:
    written = (settings.BASE_DIR / "docs/api.md").read_text()

    for _, operation in operations(schema):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                assert f"`{parameter['name']}`" in written


def test_docs_name_every_kind_of_error() -> None:
    written = (settings.BASE_DIR / "docs/api.md").read_text()

    for name in PROBLEMS:
        assert f"`{name}`" in written
