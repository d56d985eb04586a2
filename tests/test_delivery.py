"""Delivery: at least once, never lost, nobody kept waiting by somebody else's trouble. Real mail and web servers."""

import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from alerts import delivery as delivering
from alerts.delivery import GIVEN_UP_AFTER, PAUSES, deliver
from alerts.message import Kind, Message, Tone
from alerts.models import Attempt, Channel, Delivery, DeliveryStatus, Notification
from alerts.outbox import post, reached_by
from tests.sinks import CLOSE, HttpSink, SmtpSink, mail_to, reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture
def http(settings: Settings) -> Iterator[HttpSink]:
    settings.SCMMON_ALLOW_PRIVATE_URLS = True
    with HttpSink(reply(204)) as sink:
        yield sink


def mail(*addresses: str, name: str = "mail") -> Channel:
    return Channel.objects.create(name=name, addresses=list(addresses))


def webhook(sink: HttpSink, name: str = "hook") -> Channel:
    return Channel.objects.create(name=name, kind=Channel.Kind.WEBHOOK, url=sink.url("/in"))


def tell(*channels: Channel, subject: str = "it burns", at: datetime | None = None) -> Notification:
    message = Message(Kind.CHANGE, Tone.ALARM, Tone.ALARM, subject, subject)
    return post(message, reached_by(channels, None), at or timezone.now())


def standing(notification: Notification) -> dict[str, str]:
    """Return where the deliveries of a notification stand, by recipient or channel."""
    rows = notification.deliveries.values_list("recipient", "channel_name", "status")
    return {recipient or channel: status for recipient, channel, status in rows}


def only(notification: Notification) -> Delivery:
    return notification.deliveries.get()


def nobody_listens() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_what_is_posted_is_delivered(smtp: SmtpSink) -> None:
    tell(mail(ALICE, BOB))

    assert deliver().sent == 2
    assert {one.recipient for one in smtp.mails} == {ALICE, BOB}


def test_what_was_taken_is_not_sent_again(smtp: SmtpSink) -> None:
    tell(mail(ALICE))
    deliver()
    deliver(everything=True)

    assert len(smtp.mails) == 1


def test_the_other_sides_answer_is_kept(smtp: SmtpSink) -> None:
    notification = tell(mail(ALICE))
    deliver()

    assert "4711" in only(notification).answer


def test_a_channel_knows_when_a_message_was_last_taken(smtp: SmtpSink) -> None:
    channel = mail(ALICE)
    tell(channel)
    deliver()

    channel.refresh_from_db()
    assert channel.accepted_at is not None


def test_a_refused_recipient_keeps_nobody_from_his(smtp: SmtpSink) -> None:
    smtp.says[ALICE] = "550 no such user"
    notification = tell(mail(ALICE, BOB))

    came_of_it = deliver()

    assert standing(notification) == {ALICE: "failed", BOB: "sent"}
    assert any("no such user" in problem for problem in came_of_it.problems)


def test_a_mail_server_that_is_down_keeps_no_webhook_waiting(
    settings: Settings, http: HttpSink
) -> None:
    mail_to(settings, nobody_listens())
    notification = tell(mail(ALICE), webhook(http))

    deliver()

    assert standing(notification) == {ALICE: "waiting", "hook": "sent"}


def test_a_server_that_is_down_is_asked_once_in_a_round(settings: Settings) -> None:
    mail_to(settings, nobody_listens())
    tell(mail(ALICE, BOB))

    came_of_it = deliver()

    assert Attempt.objects.count() == 1
    assert came_of_it.postponed == 2


def test_what_failed_waits_longer_each_time(settings: Settings) -> None:
    mail_to(settings, nobody_listens())
    notification = tell(mail(ALICE))
    pauses = []
    for _ in range(len(PAUSES) + 2):
        before = timezone.now()
        deliver(everything=True)
        pauses.append(only(notification).due_at - before)

    rounded = [timedelta(minutes=round(pause / timedelta(minutes=1))) for pause in pauses]
    assert rounded == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_what_waits_is_left_alone_until_it_is_due(settings: Settings) -> None:
    mail_to(settings, nobody_listens())
    tell(mail(ALICE))
    deliver()

    deliver()

    assert Attempt.objects.count() == 1


def test_a_pause_that_the_other_side_asks_for_is_kept(http: HttpSink) -> None:
    http.replies = [reply(429, "Slow down", headers={"Retry-After": "7200"})]
    notification = tell(webhook(http))

    deliver()

    waits = only(notification).due_at - timezone.now()
    assert timedelta(minutes=115) < waits <= timedelta(hours=2)


def test_what_is_too_old_is_given_up(settings: Settings) -> None:
    mail_to(settings, nobody_listens())
    notification = tell(mail(ALICE), at=timezone.now() - GIVEN_UP_AFTER - timedelta(minutes=1))

    deliver()

    assert only(notification).status == DeliveryStatus.FAILED


def test_what_wants_nothing_more_is_switched_off(http: HttpSink) -> None:
    http.replies = [reply(410, "Gone")]
    channel = webhook(http)
    tell(channel)
    deliver()

    channel.refresh_from_db()
    assert not channel.enabled
    assert "410" in channel.closed_reason


def test_what_is_switched_off_holds_what_waits(http: HttpSink) -> None:
    channel = webhook(http)
    notification = tell(channel)
    Channel.objects.filter(pk=channel.pk).update(enabled=False)
    deliver()
    Channel.objects.filter(pk=channel.pk).update(enabled=True)

    deliver()

    assert only(notification).status == DeliveryStatus.SENT


def test_what_waits_for_a_deleted_channel_is_given_up(http: HttpSink) -> None:
    channel = webhook(http)
    notification = tell(channel)
    channel.delete()

    deliver()

    assert only(notification).status == DeliveryStatus.FAILED


def test_the_same_message_has_the_same_id_at_each_attempt(smtp: SmtpSink) -> None:
    smtp.says["DATA"] = "451 later"
    tell(mail(ALICE))
    deliver()
    del smtp.says["DATA"]
    smtp.says[ALICE] = "250 OK"

    deliver(everything=True)

    assert Attempt.objects.count() == 2
    assert len({one.parsed["Message-ID"] for one in smtp.mails}) == 1


def test_a_line_that_dies_after_the_message_repeats_it_under_the_same_id(
    settings: Settings, http: HttpSink
) -> None:
    http.replies = [lambda client: None, reply(204)]
    tell(webhook(http))
    deliver()
    deliver(everything=True)

    assert len(http.asked) == 2
    assert len({one.headers["webhook-id"] for one in http.asked}) == 1


def test_what_a_dead_process_had_claimed_is_sent(smtp: SmtpSink) -> None:
    notification = tell(mail(ALICE))
    delivery = only(notification)
    Delivery.objects.update(status=DeliveryStatus.SENDING, attempts_made=1)
    Attempt.objects.create(delivery=delivery, number=1, began_at=timezone.now())

    deliver()

    assert [one.result for one in delivery.attempts.all()] == ["lost", "accepted"]


def test_two_at_once_send_once(smtp: SmtpSink) -> None:
    tell(mail(ALICE, BOB))

    def work() -> None:
        deliver()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(smtp.mails) == 2


def test_a_round_of_one_notification_leaves_the_others(smtp: SmtpSink) -> None:
    tell(mail(ALICE), subject="one")
    other = tell(mail(BOB, name="more"), subject="two")

    deliver(only=other)

    assert [one.recipient for one in smtp.mails] == [BOB]


@pytest.mark.parametrize(
    "odd", ["a\r\nBcc: eve@example.org", "\x00\x1b[2J", "\udc80", "\u202e", "x" * 4096]
)
def test_odd_text_is_stored_and_sent(smtp: SmtpSink, odd: str) -> None:
    message: Any = Message(Kind.CHANGE, Tone.ALARM, Tone.ALARM, odd, odd)
    post(message, reached_by([mail(ALICE)], None), timezone.now())

    assert deliver().sent == 1
    assert smtp.mails[0].parsed["Bcc"] is None


def test_a_lost_connection_in_the_middle_is_tried_again(smtp: SmtpSink) -> None:
    smtp.says["DATA"] = CLOSE
    notification = tell(mail(ALICE))
    deliver()

    assert only(notification).status == DeliveryStatus.WAITING


def test_a_round_names_the_channels_that_have_problems(settings: Settings) -> None:
    mail_to(settings, nobody_listens())
    tell(mail(ALICE))

    assert deliver().channels == {"mail"}


def test_a_round_that_has_used_up_its_time_leaves_the_rest_to_the_next(
    smtp: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(mail(ALICE, BOB))
    monkeypatch.setattr(delivering, "SECONDS_A_ROUND", -1)

    came_of_it = deliver()

    assert (came_of_it.sent, came_of_it.postponed) == (0, 2)
