"""A deliverer that is killed at any moment loses nothing, and what it repeats has the same id."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest
from django.conf import settings

from tests.sinks import SmtpSink

pytestmark = pytest.mark.xdist_group("killed deliverers")  # one worker makes the fixture

KILLS = 200


@dataclass
class Aftermath:
    """What is left when deliverers were killed at random moments."""

    posted: dict[str, list[str]]  # recipients by public id
    cut_off: int  # attempts that ended without an outcome
    arrived: Counter[tuple[str, str]]  # how often, by public id and recipient


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """Kill deliverers, deliver to the end, and see what arrived."""
    var = tmp_path_factory.mktemp("killed")
    with SmtpSink() as sink:
        environment = {
            **os.environ,
            "SCMMON_VAR": str(var),
            "DATABASE_URL": f"sqlite:///{var}/db.sqlite3",
            "DJANGO_SETTINGS_MODULE": "scmmon_site.settings",
            "EMAIL_URL": sink.url,
        }

        def run(*command: str) -> str:
            return subprocess.check_output(
                [sys.executable, *command], env=environment, cwd=settings.BASE_DIR, text=True
            )

        run("manage.py", "migrate", "-v0", "--skip-checks")
        told = json.loads(run("-m", "tests.killed_deliverer", str(KILLS), "4"))
        ids = [(one.parsed["Message-ID"].strip("<>").split("@")[0], one) for one in sink.mails]
    arrived = Counter((public_id, one.recipient) for public_id, one in ids)
    return Aftermath(told["posted"], told["cut_off"], arrived)


def test_deliverers_were_cut_off_in_the_middle(aftermath: Aftermath) -> None:
    assert aftermath.cut_off > KILLS / 20


def test_nothing_is_lost(aftermath: Aftermath) -> None:
    posted = aftermath.posted.items()

    assert len(posted) == KILLS
    assert {(public_id, one) for public_id, them in posted for one in them} <= set(
        aftermath.arrived
    )


def test_what_is_repeated_has_the_id_of_what_was_posted(aftermath: Aftermath) -> None:
    assert {public_id for public_id, _ in aftermath.arrived} == set(aftermath.posted)


def test_no_more_is_repeated_than_was_cut_off(aftermath: Aftermath) -> None:
    repeated = sum(aftermath.arrived.values()) - len(aftermath.arrived)

    assert repeated <= aftermath.cut_off
