"""Commands that fail, or that tell: who hears of it, how often, and what stands on standard output."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.sinks import SmtpSink

OPERATOR = "operator@example.org"


class Command:
    """Runs commands of ours as processes with a var directory of their own."""

    def __init__(self, var: Path, **environment: str) -> None:
        self.environment = {
            **os.environ,
            "SCMMON_VAR": str(var),
            "DATABASE_URL": f"sqlite:///{var}/db.sqlite3",
            "DJANGO_SETTINGS_MODULE": "scmmon_site.settings",
            "SCMMON_OPERATORS": OPERATOR,
            **environment,
        }

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self.environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )

    def python(self, code: str) -> None:
        begin = "import django; django.setup();"
        subprocess.run(
            [sys.executable, "-c", begin + code],
            env=self.environment,
            cwd=settings.BASE_DIR,
            check=True,
        )


HUB = (
    "from hubs.models import *; from alerts.models import *;"
    "h = Hub.objects.create(tag='C2', contacts=['ops@example.org']);"
    "n = Node.objects.create(tag='here', transport='local');"
    "Replica.objects.create(hub=h, node=n, root='/nowhere/at/all');"
)


def test_json_is_all_that_stands_on_standard_output_wherever_mail_is_printed(
    tmp_path: Path,
) -> None:
    command = Command(tmp_path, EMAIL_URL="consolemail://")
    command("migrate", "-v0")
    command.python(HUB)

    out = command("collect", "--format=json").stdout

    assert json.loads(out)["exit_code"] == 4


def test_a_database_that_is_away_is_told_once_a_day(tmp_path: Path, smtp: SmtpSink) -> None:
    command = Command(
        tmp_path, EMAIL_URL=smtp.url, DATABASE_URL="postgres://postgres@127.0.0.1:1/test"
    )

    for _ in range(3):
        assert command("deliver").returncode == 2

    assert len(smtp.mails) == 1


def test_no_alert_tells_nobody_of_a_database_that_is_away(tmp_path: Path, smtp: SmtpSink) -> None:
    command = Command(
        tmp_path, EMAIL_URL=smtp.url, DATABASE_URL="postgres://postgres@127.0.0.1:1/test"
    )

    command("collect", "--no-alert")

    assert smtp.mails == []


def test_the_line_to_repeat_a_failed_command_repeats_it(tmp_path: Path, smtp: SmtpSink) -> None:
    command = Command(
        tmp_path, EMAIL_URL=smtp.url, DATABASE_URL="postgres://postgres@127.0.0.1:1/test"
    )
    command("deliver")
    body = smtp.mails[0].parsed.get_body(("plain",))
    assert body is not None
    lines = body.get_content().splitlines()
    line = lines[lines.index("To repeat it") + 2].strip()

    again = subprocess.run(line, shell=True, env=command.environment, check=False)

    assert shlex.split(line)[0] == "cd"
    assert again.returncode == 2


def test_one_cause_that_keeps_all_hubs_from_being_judged_is_one_message(
    tmp_path: Path, smtp: SmtpSink
) -> None:
    command = Command(tmp_path, EMAIL_URL=smtp.url)
    command("migrate", "-v0")
    command.python(
        HUB + "[Hub.objects.create(tag=f'D{i}') for i in range(5)];"
        "from django.db import connection;"
        "connection.cursor().execute('ALTER TABLE probes_suspicion RENAME TO gone')"
    )

    assert command("judge").returncode == 1

    assert len([one for one in smtp.mails if one.recipient == OPERATOR]) <= 1


@pytest.mark.parametrize("name", ["EMAIL_URL", "DATABASE_URL"])
@pytest.mark.parametrize("url", ["{}://u:sec#ret@host:25/x", "{}://u:sec/ret@host:25/x"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(
    tmp_path: Path, name: str, url: str
) -> None:
    scheme = {"EMAIL_URL": "smtp", "DATABASE_URL": "postgres"}[name]
    command = Command(tmp_path, **{name: url.format(scheme)})

    said = command("deliver")

    assert said.returncode == 2
    assert "'sec'" not in said.stdout + said.stderr


def test_an_operator_whose_address_is_wrong_floods_no_other(tmp_path: Path, smtp: SmtpSink) -> None:
    smtp.says["wrong@example.org"] = "550 no such user"
    command = Command(
        tmp_path,
        EMAIL_URL=smtp.url,
        DATABASE_URL="postgres://postgres@127.0.0.1:1/test",
        SCMMON_OPERATORS=f"{OPERATOR},wrong@example.org",
    )

    for _ in range(2):
        command("deliver")

    assert [one.recipient for one in smtp.mails] == [OPERATOR]
