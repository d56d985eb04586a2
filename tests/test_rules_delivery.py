"""The rule about our own messages: it rings when a recipient is not reached, and is quiet once he is."""

from datetime import datetime, timedelta

import pytest

from alerts.message import Kind, Message, Tone
from alerts.models import Attempt, Channel, Delivery, DeliveryStatus, Route
from alerts.outbox import post, reached_by
from alerts.troubles import TOLD_FOR, hidden
from hubs.models import Hub
from probes.judge.findings import judge_hub
from tests.estate import HOUR, NOW, make_hub, make_replica, make_run, open_codes, told

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def hub() -> Hub:
    hub = make_hub("C2")
    make_run(make_replica(hub))
    return hub


def delivery(
    hub: Hub,
    status: str,
    attempts: int = 1,
    at: datetime = NOW - HOUR,
    recipient: str = "ops@example.org",
    answer: str = "451 come back later",
) -> Delivery:
    """Store a delivery of a message about a hub as it stands after some attempts."""
    channel, _ = Channel.objects.get_or_create(name="mail", addresses=[recipient])
    Route.objects.get_or_create(channel=channel)
    message = Message(Kind.CHANGE, Tone.ALARM, Tone.ALARM, "it burns", "It burns.")
    post(message, reached_by([channel], hub), at, hub=hub)
    stored = Delivery.objects.latest("pk")
    for number in range(1, attempts + 1):
        Attempt.objects.create(delivery=stored, number=number, began_at=at)
    Delivery.objects.filter(pk=stored.pk).update(
        status=status, attempts_made=attempts, answer=answer
    )
    return stored


def codes(hub: Hub, now: datetime = NOW) -> list[str]:
    judge_hub(hub, now)
    return [code for code in open_codes(hub) if code == "delivery_failed"]


def test_a_message_that_was_given_up_rings(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.FAILED)

    assert codes(hub) == ["delivery_failed"]


def test_a_message_that_was_taken_is_quiet(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.SENT)

    assert codes(hub) == []


def test_a_message_that_waits_for_the_first_time_is_quiet(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.WAITING, attempts=0)

    assert codes(hub) == []


@pytest.mark.parametrize(("minutes", "rings"), [(29, False), (31, True)])
def test_a_message_that_waits_rings_after_half_an_hour(hub: Hub, minutes: int, rings: bool) -> None:
    delivery(hub, DeliveryStatus.WAITING, at=NOW - minutes * MINUTE)

    assert bool(codes(hub)) is rings


@pytest.mark.parametrize(("attempts", "rings"), [(2, False), (3, True)])
def test_a_message_that_waits_rings_after_three_attempts(
    hub: Hub, attempts: int, rings: bool
) -> None:
    delivery(hub, DeliveryStatus.WAITING, attempts=attempts, at=NOW - MINUTE)

    assert bool(codes(hub)) is rings


def test_a_later_message_that_was_taken_ends_it(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.FAILED)
    judge_hub(hub, NOW)
    delivery(hub, DeliveryStatus.SENT, at=NOW)

    assert codes(hub, NOW + HOUR) == []


def test_an_earlier_message_that_was_taken_ends_nothing(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.SENT, at=NOW - 2 * HOUR)
    delivery(hub, DeliveryStatus.FAILED)

    assert codes(hub) == ["delivery_failed"]


def test_a_channel_that_was_switched_off_ends_it(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.FAILED)
    Channel.objects.update(enabled=False)

    assert codes(hub) == []


def test_a_recipient_who_is_told_no_more_is_no_trouble(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.FAILED)
    Route.objects.update(enabled=False)

    assert codes(hub) == []


def test_it_is_told_for_a_month(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.FAILED, at=NOW - TOLD_FOR)

    assert codes(hub) == []


def test_it_is_an_alarm_when_nobody_was_told(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.FAILED)
    judge_hub(hub, NOW)

    assert told(hub, "delivery_failed")[0].severity == "alarm"


def test_it_is_a_warning_when_others_were(hub: Hub) -> None:
    failed = delivery(hub, DeliveryStatus.FAILED)
    Delivery.objects.create(
        notification=failed.notification,
        channel_name="other",
        status=DeliveryStatus.SENT,
        due_at=NOW,
    )
    judge_hub(hub, NOW)

    assert told(hub, "delivery_failed")[0].severity == "warn"


def test_it_shows_no_address(hub: Hub) -> None:
    delivery(hub, DeliveryStatus.FAILED, answer="550 <ops@example.org>: no such user")
    judge_hub(hub, NOW)

    (finding,) = told(hub, "delivery_failed")
    assert "ops@" not in f"{finding.message} {finding.evidence}"
    assert "o…@example.org" in finding.message


def test_messages_about_another_hub_are_its_own(hub: Hub) -> None:
    delivery(make_hub("D"), DeliveryStatus.FAILED)

    assert codes(hub) == []


@pytest.mark.parametrize(
    ("address", "shown"), [("ops@example.org", "o…@example.org"), ("", ""), ("@x", "…@x")]
)
def test_an_address_is_hidden_up_to_its_domain(address: str, shown: str) -> None:
    assert hidden(address) == shown
