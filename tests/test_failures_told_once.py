"""Failures of ours: the same one once a day, another one always, and to people who can do something."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from alerts.failures import tell_failure
from alerts.models import Channel, Delivery, DeliveryStatus, Route
from tests.sinks import SmtpSink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

OPERATOR = "operator@example.org"


@pytest.fixture
def smtp(settings: Settings) -> Iterator[SmtpSink]:
    channel, _ = Channel.objects.get_or_create(name="hub contacts")
    Route.objects.get_or_create(channel=channel, hub=None, after=None)
    settings.SCMMON_OPERATORS = [OPERATOR]
    with SmtpSink() as sink:
        sink.receives_mail_of(settings)
        yield sink


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
