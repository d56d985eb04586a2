"""The signed webhook: what a receiver gets, how it can trust it, and what comes of each of its answers."""

import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

import pytest

from alerts import webhook
from alerts.message import Message
from alerts.parcel import Outcome, Parcel, Result
from alerts.sending import send
from alerts.webhook import signatures, signing_key
from tests.messages import CHANGE, CONFIRM_URL, ID, NASTY, hostile_message, parcel_of
from tests.sinks import HttpSink, Talk, garbage, redirect, reply, silent

KEY = b"a key of thirty-two bytes exactly"
SECRET = f"whsec_{b64encode(KEY).decode()}"


@pytest.fixture(autouse=True)
def may_stay_inside(settings: Any) -> None:
    settings.SCMMON_ALLOW_PRIVATE_URLS = True


def parcel_to(sink: HttpSink, message: Message = CHANGE, **changes: Any) -> Parcel:
    return parcel_of(
        message,
        **{
            "channel_kind": "webhook",
            "recipient": "",
            "url": sink.url("/in/T0K3N"),
            "secrets": (SECRET,),
            **changes,
        },
    )


def sent_with(answer: Talk, **changes: Any) -> Outcome:
    with HttpSink(answer) as sink:
        return send(parcel_to(sink, **changes))


# --- What arrives ------------------------------------------------------------------------------


def test_a_receiver_gets_the_message_as_json() -> None:
    with HttpSink() as sink:
        send(parcel_to(sink))

    (asked,) = sink.asked
    assert (asked.method, asked.path) == ("POST", "/in/T0K3N")
    assert asked.headers["content-type"] == "application/json"
    assert asked.json["type"] == "scmmon.change"
    assert asked.json["timestamp"] == "2026-11-20T20:16:41+00:00"


def test_its_data_hold_what_people_read_and_what_programs_need() -> None:
    with HttpSink() as sink:
        send(parcel_to(sink, confirm_url=CONFIRM_URL))

    data = sink.asked[0].json["data"]
    assert data["subject"] == CHANGE.subject
    assert data["conclusion"] == CHANGE.conclusion
    assert (data["severity"], data["state"]) == ("alarm", "alarm")
    assert (data["link"], data["confirm_url"]) == (CHANGE.link, CONFIRM_URL)
    assert "repos/env" in data["text"]
    assert data["hub"] == CHANGE.facts["hub"]


def test_no_fact_takes_the_place_of_what_is_always_there() -> None:
    message = replace(CHANGE, facts={"subject": "another", "hub": "C2"})
    with HttpSink() as sink:
        send(parcel_to(sink, message=message))

    assert sink.asked[0].json["data"]["subject"] == CHANGE.subject


def test_hostile_texts_arrive_as_valid_json() -> None:
    message = replace(hostile_message(), facts={NASTY: [NASTY]})
    with HttpSink() as sink:
        assert send(parcel_to(sink, message=message)).result == Result.ACCEPTED

    body = json.loads(sink.asked[0].body.decode("utf-8", "strict"))
    assert "\ud800" not in body["data"]["subject"]


# --- The signature -----------------------------------------------------------------------------


def test_a_receiver_can_check_the_signature_by_the_standard() -> None:
    with HttpSink() as sink:
        send(parcel_to(sink))

    (asked,) = sink.asked
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode()
    expected = b64encode(hmac.digest(KEY, signed + asked.body, sha256)).decode()
    assert asked.headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_that_of_the_example_in_the_standard() -> None:
    signature = signatures(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_secret_signs() -> None:
    with HttpSink() as sink:
        send(parcel_to(sink, secrets=(SECRET, "the previous one")))

    first, second = sink.asked[0].headers["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    assert second.startswith("v1,")
    assert first != second


def test_without_a_secret_there_is_no_signature() -> None:
    with HttpSink() as sink:
        send(parcel_to(sink, secrets=()))

    assert "webhook-signature" not in sink.asked[0].headers


def test_a_repetition_has_the_same_id_and_another_time() -> None:
    with HttpSink(reply(500), reply()) as sink:
        before = int(datetime.now(UTC).timestamp())
        send(parcel_to(sink))
        send(parcel_to(sink))

    assert [asked.headers["webhook-id"] for asked in sink.asked] == [str(ID)] * 2
    assert int(sink.asked[1].headers["webhook-timestamp"]) >= before
    assert sink.asked[0].body == sink.asked[1].body


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (SECRET, KEY),
        (SECRET.rstrip("="), KEY),
        ("plain text", b"plain text"),
        ("ünï", "ünï".encode()),
    ],
)
def test_a_secret_is_base64_after_its_prefix_and_else_its_own_bytes(
    secret: str, key: bytes
) -> None:
    assert signing_key(secret) == key


def test_a_secret_that_is_no_base64_is_told_and_not_shown() -> None:
    outcome = sent_with(reply(), secrets=("whsec_n0t*base64",))

    assert outcome.result == Result.LATER
    assert outcome.answer == "ValueError: what follows whsec_ is not base64"


# --- What comes of it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason"), [(200, "OK"), (202, "Accepted"), (204, "No Content")]
)
def test_any_2xx_is_acceptance(status: int, reason: str) -> None:
    assert sent_with(reply(status, reason)) == Outcome(Result.ACCEPTED, f"{status} {reason}")


def test_the_answer_never_holds_the_body() -> None:
    assert sent_with(reply(500, "No", body=b"internal secrets")).answer == "500 No"


def test_410_closes_the_channel() -> None:
    outcome = sent_with(reply(410, "Gone"))

    assert (outcome.result, outcome.closes_channel) == (Result.REFUSED, True)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    outcome = sent_with(reply(status))

    assert outcome.result == Result.LATER
    assert outcome.retry_after is None


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 405, 413, 422])
def test_what_will_not_pass_is_given_up_but_for_this_message_only(status: int) -> None:
    outcome = sent_with(reply(status))

    assert (outcome.result, outcome.closes_channel) == (Result.REFUSED, False)


@pytest.mark.parametrize(("status", "is_down"), [(429, True), (503, True), (500, False)])
def test_an_overloaded_receiver_is_down_for_all(status: int, is_down: bool) -> None:
    assert sent_with(reply(status)).is_down == is_down


@pytest.mark.parametrize(
    ("asked_for", "pause"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("86401", timedelta(hours=24)),
        ("9" * 5000, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("Fri, 31 Dec 2100 23:59:59 GMT", timedelta(hours=24)),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_pause_that_is_asked_for_is_kept_but_for_a_day_at_most(
    asked_for: str, pause: timedelta | None
) -> None:
    assert sent_with(reply(429, headers={"Retry-After": asked_for})).retry_after == pause


def test_a_pause_may_be_asked_for_as_a_date() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)

    pause = sent_with(reply(503, headers={"Retry-After": until})).retry_after

    assert pause is not None
    assert timedelta(minutes=50) < pause <= timedelta(hours=1)


@pytest.mark.parametrize("faulty", [garbage, reply(status=0)])
def test_trouble_with_the_connection_is_for_later_and_for_all(faulty: Talk) -> None:
    outcome = sent_with(faulty)

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)


def test_a_receiver_that_says_nothing_is_left_at_the_deadline() -> None:
    with HttpSink(silent) as sink:
        outcome = webhook.deliver(parcel_to(sink), seconds=0.4)

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert "came to no end within 0.4 s" in outcome.answer


def test_no_redirect_is_followed_and_its_host_is_told() -> None:
    with HttpSink() as other:
        outcome = sent_with(redirect(other.url("/elsewhere")))

    assert outcome.result == Result.REFUSED
    assert "would have us go to 127.0.0.1" in outcome.answer
    assert not other.asked


def test_an_address_inside_is_refused_where_none_is_allowed(settings: Any) -> None:
    settings.SCMMON_ALLOW_PRIVATE_URLS = False
    with HttpSink() as sink:
        outcome = send(parcel_to(sink))

    assert outcome.result == Result.LATER
    assert "SCMMON_ALLOW_PRIVATE_URLS" in outcome.answer
    assert not sink.asked


def test_a_url_of_no_web_server_is_refused() -> None:
    with HttpSink() as sink:
        assert send(parcel_to(sink, url="ftp://T0K3N/")).result == Result.REFUSED


# --- Secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_receiver_that_repeats_secrets_does_not_bring_them_into_the_answer(status: int) -> None:
    with HttpSink(reply(status, f"/in/T0K3N pa55word {SECRET[6:]}")) as sink:
        url = f"http://bob:pa55word@{sink.place}/in/T0K3N"
        outcome = send(parcel_to(sink, url=url))

    assert outcome.answer == f"{status} /in/[hidden] [hidden] [hidden]"


def test_what_nobody_foresaw_is_for_later_and_hides_secrets() -> None:
    with HttpSink() as sink:
        parcel = parcel_to(sink, channel_kind="T0K3N\npigeon")

    assert send(parcel) == Outcome(Result.LATER, "KeyError: '[hidden]\\npigeon'")
    assert b64decode(SECRET[6:]) == KEY
