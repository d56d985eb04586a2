"""`watchdog` on a second machine: what it takes for life, and when it mails."""

import io
import json
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tests.sinks import HttpSink, SmtpSink, Talk, endless_body, garbage, redirect, reply


@pytest.fixture(autouse=True)
def operators(settings: Settings, tmp_path: Path) -> None:
    """Operators, and a place to remember what they were told."""
    settings.VAR_DIR = tmp_path
    settings.SCMMON_OPERATORS = ["operator@example.org"]


def healthz(status: str, code: int = 200) -> Talk:
    return reply(code, "Said", body=json.dumps({"status": status}).encode())


def watch(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("watchdog", *arguments, stdout=out, stderr=io.StringIO())
    return int(str(ended.value.code)), out.getvalue()


def test_a_monitor_that_is_well_is_ok() -> None:
    with HttpSink(healthz("ok")) as sink:
        code, line = watch(sink.url("/healthz"))

    assert code == 0
    assert line.startswith("OK - the monitor lives")


@pytest.mark.parametrize(
    "answer",
    [
        healthz("late", 503),
        healthz("late"),
        reply(200, body=b"<h1>Welcome to nginx</h1>"),
        reply(200, body=b'["ok"]'),
        reply(200, body=b'"ok"'),
        reply(500),
        garbage,
        endless_body,
    ],
)
def test_anything_else_is_critical(answer: Talk) -> None:
    with HttpSink(answer) as sink:
        code, line = watch(sink.url("/healthz"), "--seconds", "2")

    assert code == 2
    assert line.startswith("CRITICAL - ")


def test_a_machine_that_is_gone_is_critical() -> None:
    assert watch("http://127.0.0.1:1/healthz")[0] == 2


def test_it_follows_a_redirect_to_https() -> None:
    with HttpSink(healthz("ok")) as there, HttpSink(redirect(there.url("/healthz"))) as here:
        assert watch(here.url("/healthz"))[0] == 0


@pytest.mark.usefixtures("db")
def test_our_own_healthz_is_understood(live_server: object) -> None:
    code, line = watch(f"{live_server}/healthz")

    assert code == 0, line


def test_what_is_said_cannot_break_the_line() -> None:
    with HttpSink(healthz("late\nOK - all is well\x1b[2J", 503)) as sink:
        _, line = watch(sink.url("/healthz"))

    assert line.count("\n") == 1
    assert "\x1b" not in line


def test_it_mails_when_it_turns_bad(smtp: SmtpSink) -> None:
    watch("http://127.0.0.1:1/healthz", "--mail")

    (mail,) = smtp.mails
    assert mail.recipient == "operator@example.org"
    assert "does not answer as it should" in mail.parsed["Subject"]


def test_it_mails_once_a_day_while_it_is_bad(smtp: SmtpSink) -> None:
    for _ in range(3):
        watch("http://127.0.0.1:1/healthz", "--mail")

    assert len(smtp.mails) == 1


def test_it_mails_again_when_it_cannot_remember(smtp: SmtpSink, settings: Settings) -> None:
    watch("http://127.0.0.1:1/healthz", "--mail")
    shutil.rmtree(settings.VAR_DIR)
    watch("http://127.0.0.1:1/healthz", "--mail")

    assert len(smtp.mails) == 2


def test_it_mails_when_it_is_well_again(smtp: SmtpSink) -> None:
    with HttpSink(healthz("late", 503), healthz("ok")) as sink:
        for _ in range(3):
            watch(sink.url("/healthz"), "--mail")

    assert [one.parsed["Subject"].split(": ")[1] for one in smtp.mails] == [
        "the monitor does not answer as it should",
        "the monitor lives again",
    ]


def test_a_mail_that_nobody_took_is_tried_at_the_next_run(
    smtp: SmtpSink, settings: Settings
) -> None:
    smtp.says["DATA"] = "451 later"
    watch("http://127.0.0.1:1/healthz", "--mail")
    smtp.says.clear()

    watch("http://127.0.0.1:1/healthz", "--mail")

    assert len(smtp.mails) == 1


def test_it_mails_nobody_unless_asked(smtp: SmtpSink) -> None:
    watch("http://127.0.0.1:1/healthz")

    assert smtp.mails == []
