"""Delivery, where one recipient, one message or one server is worse than others."""

from contextlib import suppress

import pytest
from django.utils import timezone
from pytest_django import Settings

from alerts import delivery as delivering
from alerts.delivery import deliver
from alerts.message import Kind, Message, Tone
from alerts.models import Attempt, Channel, Delivery, DeliveryStatus, Notification
from alerts.outbox import post, reached_by
from tests.sinks import CLOSE, HANG, SmtpSink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture(autouse=True)
def impatient(settings: Settings) -> None:
    """A server that hangs is left soon."""
    settings.EMAIL_TIMEOUT = 1


def tell(*addresses: str, name: str = "mail") -> Notification:
    channel, _ = Channel.objects.get_or_create(name=name, addresses=list(addresses))
    message = Message(Kind.CHANGE, Tone.ALARM, Tone.ALARM, "it burns", "It burns.")
    return post(message, reached_by([channel], None), timezone.now())


@pytest.mark.parametrize("trouble", [HANG, CLOSE, "421 not this one"])
def test_a_recipient_at_whom_the_server_hangs_or_dies_keeps_nobody_from_his(
    smtp: SmtpSink, trouble: str
) -> None:
    smtp.says[BOB] = trouble
    tell(BOB, ALICE)

    deliver()

    assert [one.recipient for one in smtp.mails] == [ALICE]


def test_a_message_that_cannot_be_read_keeps_no_other_waiting(smtp: SmtpSink) -> None:
    bad = tell(ALICE)
    Notification.objects.filter(pk=bad.pk).update(content={"blocks": [{"block": "Poem"}]})
    good = tell(BOB, name="other")

    for _ in range(2):
        with suppress(Exception):  # what becomes of the other is asked
            deliver()

    assert good.deliveries.get().status == DeliveryStatus.SENT


def test_a_message_that_kills_whoever_sends_it_is_not_sent_at_every_run(smtp: SmtpSink) -> None:
    notification = tell(ALICE)
    Delivery.objects.update(status=DeliveryStatus.SENDING, attempts_made=8)
    Attempt.objects.create(
        delivery=notification.deliveries.get(), number=8, began_at=timezone.now()
    )

    deliver()

    assert smtp.mails == []


def test_another_process_is_waited_for_as_long_as_a_sound_round_may_take() -> None:
    longest = delivering.SECONDS_A_ROUND

    assert longest <= delivering.SECONDS_FOR_ANOTHER


def test_recipients_at_whom_the_server_hangs_do_not_take_every_round_for_themselves(
    smtp: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "SECONDS_A_ROUND", 1)
    slow = [f"slow{number}@example.org" for number in range(3)]
    smtp.says |= dict.fromkeys(slow, HANG)
    tell(*slow, ALICE)

    for _ in range(len(slow) + 1):
        deliver(everything=True)

    assert [one.recipient for one in smtp.mails] == [ALICE]


def test_the_end_does_not_arrive_before_the_beginning(smtp: SmtpSink) -> None:
    smtp.says[ALICE] = "451 try again later"
    beginning = tell(ALICE)
    deliver()
    smtp.says.clear()
    end = tell(ALICE)

    deliver(everything=True)

    ids = [one.parsed["Message-ID"].strip("<>").split("@")[0] for one in smtp.mails]
    assert ids == [str(beginning.public_id), str(end.public_id)]
