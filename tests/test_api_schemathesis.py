"""The whole API against its own schema: schemathesis makes requests, right ones and wrong ones, of all operations."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from scmmon_site.wsgi import application
from tests.estate import NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import make_user, open_finding
from tests.months import sum_up
from tests.tokens import bearer
from tests.told import make_channel, make_message

pytestmark = pytest.mark.django_db

EXAMPLES = 8  # of each operation; more are found by hand: a thousand take an hour
CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"max-examples": EXAMPLES, "deterministic": True, "allow-x00": False},
        "operations": [
            {
                # What these take depends on more than a schema can say: on the clock, on what a finding is about, and on each other.
                "include-operation-id": [
                    "findings_acknowledge_create",
                    "findings_accept_create",
                    "series_retrieve",
                ],
                "checks": {"positive_data_acceptance": {"enabled": False}},
            }
        ],
    }
)
SCHEMA = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True),  # type: ignore[no-untyped-call]
    config=CONFIG,
)
SCHEMA.app = application


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the connection whose transaction the test rolls back, as Django's own client does."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.fixture
def operator() -> dict[str, str]:
    """Store an estate with rows of each kind; return the header that logs an operator in."""
    replica = make_replica(make_hub("C2", "Asia/Taipei"), "Z9:229")
    lay_snapshots(replica, stamps=every(3))
    sum_up(replica)
    make_run(replica, NOW)
    make_run(replica, NOW, "running", seconds=None)
    open_finding(replica.hub, repo=replica.hub.repos.get(), replica=replica)
    make_message(replica.hub, make_channel())
    operator = make_user("operator", "change_finding", "add_collectrun")
    # schemathesis asks for compressed answers, which the client of a WSGI application does not unpack.
    return bearer(operator) | {"Accept-Encoding": "identity"}


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_it_keeps_to_its_schema(case: Any, operator: dict[str, str]) -> None:
    case.call_and_validate(headers=operator)
