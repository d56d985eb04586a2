"""What of ours fails is told: with command line, user, host, traceback; and straight away where nothing can be stored."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import Settings

from alerts.context import here
from alerts.failures import failure_message, loud, tell_failure
from alerts.message import Verbatim
from alerts.models import Channel, Delivery, DeliveryStatus, Notification, Route
from probes.tell import telling
from tests.estate import make_hub, make_replica, make_run
from tests.sinks import SmtpSink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

OPERATOR = "operator@example.org"


@pytest.fixture(autouse=True)
def operators(settings: Settings) -> None:
    """The operators are told of what is about no hub."""
    channel, _ = Channel.objects.get_or_create(name="hub contacts")
    Route.objects.get_or_create(channel=channel, hub=None, after=None)
    settings.SCMMON_OPERATORS = [OPERATOR]


def text(sink: SmtpSink, number: int = -1) -> str:
    body = sink.mails[number].parsed.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def fail() -> None:
    assert [] == ["dybsvn"], "expecting 2 paths for dybsvn BUT got 1"


def fail_loudly() -> None:
    with pytest.raises(AssertionError), loud("altbackup check_target"):
        fail()


def test_a_failure_is_mailed(smtp: SmtpSink) -> None:
    fail_loudly()

    assert [one.recipient for one in smtp.mails] == [OPERATOR]


def test_it_holds_the_assertion(smtp: SmtpSink) -> None:
    fail_loudly()

    assert "expecting 2 paths for dybsvn BUT got 1" in text(smtp)


def test_it_holds_the_traceback(smtp: SmtpSink) -> None:
    fail_loudly()

    assert "Traceback (most recent call last)" in text(smtp)
    assert "in fail" in text(smtp)


def test_it_holds_where_it_comes_from(smtp: SmtpSink) -> None:
    fail_loudly()

    context = here()
    for fact in (context.host, context.user, context.command_line.split()[0]):
        assert fact in text(smtp).replace("\n", "")


def test_it_holds_the_log(smtp: SmtpSink, caplog: pytest.LogCaptureFixture) -> None:
    fail_loudly()

    assert "altbackup check_target failed" in text(smtp)


def test_the_same_failure_is_told_once_a_day(smtp: SmtpSink) -> None:
    fail_loudly()
    fail_loudly()

    assert len(smtp.mails) == 1


def test_a_day_later_it_is_told_again(smtp: SmtpSink) -> None:
    fail_loudly()
    Notification.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    fail_loudly()

    assert len(smtp.mails) == 2


def test_another_failure_is_told(smtp: SmtpSink) -> None:
    fail_loudly()
    tell_failure("deliver", OSError(28, "No space left on device"), timezone.now())

    assert len(smtp.mails) == 2


def test_without_operators_the_contacts_are_told(smtp: SmtpSink, settings: Settings) -> None:
    settings.SCMMON_OPERATORS = []
    hub = make_hub("C2")
    hub.contacts = ["ops@example.org"]
    hub.save()
    fail_loudly()

    assert [one.recipient for one in smtp.mails] == ["ops@example.org"]


def test_what_cannot_be_stored_is_mailed_straight_away(
    smtp: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(Notification.objects, "create", full)
    fail_loudly()

    assert [one.recipient for one in smtp.mails] == [OPERATOR]


def test_a_failing_message_never_hides_the_failure(settings: Settings) -> None:
    settings.SCMMON_OPERATORS = ["x"]
    settings.EMAIL_PORT = 1

    with pytest.raises(AssertionError), loud("altbackup"):
        fail()


def test_odd_text_in_an_error_is_told(smtp: SmtpSink) -> None:
    with pytest.raises(ValueError, match="a"), loud("collect"):
        raise ValueError("a\nBcc: eve@example.org\x00\u202e")

    assert smtp.mails[0].parsed["Bcc"] is None


def test_the_secret_of_the_mail_server_is_not_in_it(smtp: SmtpSink, settings: Settings) -> None:
    settings.EMAIL_HOST_PASSWORD = "hunter2"
    fail_loudly()

    assert b"hunter2" not in smtp.mails[0].raw


# --- Told once, and to somebody ---


def test_the_same_failure_with_another_number_in_it_is_told_once_a_day(smtp: SmtpSink) -> None:
    for number in range(5):
        error = RuntimeError(f"deadlock detected: process {12345 + number} waits")
        tell_failure("collect", error, timezone.now() + number * timedelta(minutes=5))

    assert len(smtp.mails) == 1


def test_another_failure_is_told_though_both_begin_with_much_that_is_alike(smtp: SmtpSink) -> None:
    for kind in (ValueError, KeyError):
        tell_failure(f"telling of hub {'H' * 200}", kind("x"), timezone.now())

    assert len(smtp.mails) == 2


def test_a_failure_that_reached_nobody_is_told_the_operators(smtp: SmtpSink) -> None:
    Channel.objects.update(addresses=["gone@example.org"])
    smtp.says["gone@example.org"] = "550 no such user"

    tell_failure("collect", RuntimeError("x"), timezone.now())

    assert Delivery.objects.get().status == DeliveryStatus.FAILED
    assert [one.recipient for one in smtp.mails] == [OPERATOR]


def test_a_failure_that_another_process_took_on_is_told_once(smtp: SmtpSink) -> None:
    tell_failure("collect", RuntimeError("x\x00"), timezone.now())
    tell_failure("collect", RuntimeError("x\x00"), timezone.now())

    assert len(smtp.mails) == 1


def test_the_same_failure_of_another_hub_is_told_though_only_a_digit_tells_them_apart(
    smtp: SmtpSink,
) -> None:
    for tag in ("C1", "C2"):
        tell_failure(f"judging of {tag}", RuntimeError("it exploded"), timezone.now())

    assert len(smtp.mails) == 2


# --- Commands -----------------------------------------------------------------------------------


@pytest.fixture
def broken_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub of which something is open, and telling fails."""
    hub = make_hub("C2")
    make_run(make_replica(hub), started_at=timezone.now(), status="unreachable")

    def explode(*_: Any) -> None:
        raise RuntimeError("telling exploded")

    monkeypatch.setattr(telling, "_to_consider", explode)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        call_command(*arguments, "-v0", stdout=io.StringIO(), stderr=io.StringIO())
    return int(str(ended.value.code))


@pytest.mark.usefixtures("broken_hub")
def test_a_hub_that_cannot_be_told_of_is_told_as_a_failure(smtp: SmtpSink) -> None:
    assert run("judge") == 1
    assert "telling exploded" in text(smtp)


@pytest.mark.usefixtures("broken_hub")
def test_no_alert_tells_nobody(smtp: SmtpSink) -> None:
    run("judge", "--no-alert")

    assert smtp.mails == []


def test_a_command_that_explodes_ends_with_one_and_tells(
    smtp: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(**_: Any) -> None:
        raise RuntimeError("delivering exploded")

    monkeypatch.setattr("alerts.management.commands.deliver.deliver", explode)

    with pytest.raises(CommandError) as ended:
        call_command("deliver", stdout=io.StringIO())
    assert ended.value.returncode == 1
    assert "delivering exploded" in text(smtp)


def test_wrong_usage_is_nobodys_alarm(smtp: SmtpSink) -> None:
    with pytest.raises(CommandError):
        call_command("judge", "NO-SUCH-HUB", stdout=io.StringIO())

    assert smtp.mails == []


def test_the_message_says_how_to_run_it_again() -> None:
    message = failure_message("collect", ValueError("x"), here())

    lines = {block.title: block.text for block in message.blocks if isinstance(block, Verbatim)}
    assert lines["To repeat it"].startswith("cd /")
