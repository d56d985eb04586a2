"""Mail to a real server: what arrives and how it parses, and what comes of each way in which a server can fail."""

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail

from alerts import mail
from alerts.message import Message, Picture
from alerts.parcel import Outcome, Parcel, Result
from alerts.rendering import html_of, text_of
from alerts.sending import send
from tests.messages import CHANGE, ID, LONG_NAME, NASTY, PLOT, hostile_message, parcel_of
from tests.sinks import (
    CLOSE,
    HANG,
    ReceivedMail,
    Server,
    SmtpSink,
    Talk,
    certificate,
    dripping,
    mail_to,
    saying,
    silent,
)

PNG = b"\x89PNG\r\n\x1a\n and what follows"
SECONDS = 0.6  # of a deadline that is to be met
ODD = {
    "newline": "x\nBcc: eve@example.org",
    "folded newline": "x\r\n Bcc: eve@example.org",
    "end of headers": "x\r\n\r\n<b>body</b>",
    "lone return": "x\rBcc: eve@example.org",
    "line separators": "x\u2028Bcc: eve@example.org\u2029\x85\x0b\x0c",
    "control": "".join(map(chr, range(32))) + "\x7f\x9b",
    "surrogates": "\ud800 \udcff \udfff",
    "bidi": "\u202egnp.exe\u2066\u200b",
    "encoded word": "=?utf-8?q?x=0ABcc:_eve=40example.org?= =?utf-8?b?CkJjYzog?=",
    "long": "y" * 4096,
    "long words": "ab cd " * 700,
    "long non-ASCII": "ü€𐍈" * 1365,
    "addresses": 'eve@example.org, <eve@example.org>; "a" (b) ,@[:]',
    "empty": "",
    "spaces": " \t\xa0 ",
    "dots": ".\r\n.\r\n..",
}
odd = pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    with SmtpSink() as started:
        started.receives_mail_of(settings)
        yield started


def parcel_with(message: Message = CHANGE, **changes: Any) -> Parcel:
    return parcel_of(message, **{"pictures": {PLOT.name: PNG}, **changes})


def received(sink: SmtpSink, parcel: Parcel) -> EmailMessage:
    """Send a parcel; return the one mail that arrived, which must be without any defect."""
    outcome = send(parcel)
    assert outcome.result == Result.ACCEPTED, outcome
    (one,) = sink.mails
    assert_proper(one)
    return one.parsed


def assert_proper(one: ReceivedMail) -> None:
    assert one.recipient == "ops@example.org"
    assert not [part.defects for part in one.parsed.walk() if part.defects]
    assert not [header.defects for header in one.parsed.values() if header.defects]
    assert len(set(one.parsed.keys())) == len(one.parsed.keys())
    assert one.parsed["Bcc"] is None
    assert max(map(len, one.raw.splitlines())) < 998
    assert one.raw.isascii()


# --- What arrives ------------------------------------------------------------------------------


def test_the_server_s_words_are_the_answer(sink: SmtpSink) -> None:
    assert send(parcel_with()) == Outcome(Result.ACCEPTED, "250 taken as 4711")


def test_a_mail_is_text_and_html_and_the_pictures_of_the_html(sink: SmtpSink) -> None:
    parsed = received(sink, parcel_with())

    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/related",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "image/png",
    ]
    assert parsed.get_param("type") == "multipart/alternative"


def test_text_and_html_are_those_of_the_message(sink: SmtpSink) -> None:
    parcel = parcel_with()
    parsed = received(sink, parcel)

    for kind, shown in (("plain", text_of(parcel)), ("html", html_of(parcel))):
        part = parsed.get_body((kind,))
        assert part is not None
        assert part.get_content().strip().splitlines() == shown.strip().splitlines()


def test_a_picture_is_inline_and_the_html_names_it(sink: SmtpSink) -> None:
    parsed = received(sink, parcel_with())

    *_, picture = parsed.walk()
    assert picture["Content-ID"] == f"<{PLOT.name}@scmmon>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_payload(decode=True) == PNG
    body = parsed.get_body(("html",))
    assert body is not None
    assert f"cid:{PLOT.name}@scmmon" in body.get_content()


@pytest.mark.parametrize("broken", [b"", b"<html>", b"\x89PN"])
def test_a_picture_that_is_none_stays_behind(sink: SmtpSink, broken: bytes) -> None:
    message = replace(CHANGE, blocks=(*CHANGE.blocks, Picture("second", "another", 10, 10)))
    parsed = received(sink, parcel_with(message, pictures={PLOT.name: broken, "second": PNG}))

    assert [p["Content-ID"] for p in parsed.walk() if p.get_content_maintype() == "image"] == [
        "<second@scmmon>"
    ]
    body = parsed.get_body(("html",))
    assert body is not None
    assert f"cid:{PLOT.name}@" not in body.get_content()


def test_without_pictures_a_mail_is_text_and_html(sink: SmtpSink) -> None:
    parsed = received(sink, parcel_with(pictures={}))

    assert parsed.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Subject", CHANGE.subject),
        ("From", "scmmon <scmmon@monitor.example>"),
        ("To", "ops@example.org"),
        ("Date", "Fri, 20 Nov 2026 20:16:41 +0000"),
        ("Message-ID", f"<{ID}@monitor.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Scmmon-Hub", "C2"),
        ("X-Scmmon-Kind", "change"),
        ("X-Scmmon-Severity", "alarm"),
    ],
)
def test_a_header_says_what_it_should(
    sink: SmtpSink, settings: Any, header: str, value: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = "scmmon <scmmon@monitor.example>"

    assert received(sink, parcel_with()).get_all(header) == [value]


def test_a_message_about_no_hub_has_no_header_of_one(sink: SmtpSink) -> None:
    parsed = received(sink, parcel_with(replace(CHANGE, facts={"hub": None})))

    assert "X-Scmmon-Hub" not in parsed


def test_each_attempt_and_each_recipient_has_the_same_id_and_date(sink: SmtpSink) -> None:
    sink.says["DATA"] = "451 later"
    send(parcel_with())
    sink.says.clear()
    send(parcel_with())
    send(parcel_with(recipient="bob@example.org"))

    assert {(one.parsed["Message-ID"], one.parsed["Date"]) for one in sink.mails} == {
        (f"<{ID}@localhost>", "Fri, 20 Nov 2026 20:16:41 +0000")
    }
    assert sink.attempts == 3


def test_a_real_sender_domain_may_be_beyond_ascii(sink: SmtpSink, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "scmmon@bücher.example"

    parsed = received(sink, parcel_with())

    assert parsed["Message-ID"] == f"<{ID}@xn--bcher-kva.example>"
    assert sink.mails[0].sender == "scmmon@xn--bcher-kva.example"


# --- Odd texts ---------------------------------------------------------------------------------


@odd
def test_an_odd_subject_is_one_line_of_a_proper_mail(sink: SmtpSink, text: str) -> None:
    subject = received(sink, parcel_with(replace(CHANGE, subject=text)))["Subject"] or ""

    assert subject.isprintable()
    assert subject == subject.strip()
    assert len(subject) <= mail.LONGEST_SUBJECT


@odd
def test_an_odd_hub_kind_and_severity_are_one_line_each(sink: SmtpSink, text: str) -> None:
    message = replace(CHANGE, facts={"hub": text}, severity=text)

    parsed = received(sink, parcel_with(message))

    for name in ("X-Scmmon-Hub", "X-Scmmon-Severity"):
        assert (parsed[name] or "").isprintable()


@odd
def test_an_odd_text_in_every_other_place_arrives_in_a_proper_mail(
    sink: SmtpSink, text: str
) -> None:
    message = hostile_message(text)

    parsed = received(sink, parcel_with(message, pictures={"there": PNG, text: PNG}))

    body = parsed.get_body(("plain",))
    assert body is not None
    assert not re.search(r"[^\n -~\xa0-\U0010ffff]", body.get_content().replace("\r\n", "\n"))


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "bob",
        "bob@example.org\nBcc: eve@example.org",
        "bob@example.org\r\nRCPT TO:<eve@example.org>",
        "bob@example.org, eve@example.org",
        "bob@example.org eve@example.org",
        "<bob@example.org>",
        "Bob <bob@example.org>",
        "bob@example.org\x00",
        "b\u202eob@example.org",
        "\ud800@example.org",
        f"{'y' * 4096}@example.org",
        NASTY,
        LONG_NAME,
    ],
)
def test_what_is_no_single_address_is_refused_before_anybody_is_asked(
    sink: SmtpSink, recipient: str
) -> None:
    outcome = send(parcel_with(recipient=recipient))

    assert outcome.result == Result.REFUSED
    assert outcome.answer.endswith("is not a mail address")
    assert outcome.answer.isprintable()
    assert not sink.mails


# --- What a server says ------------------------------------------------------------------------


def test_a_recipient_who_is_unknown_is_given_up_and_the_others_get_theirs(sink: SmtpSink) -> None:
    sink.says["bob@example.org"] = "550 5.1.1 no such user"

    everybody = ("alice@example.org", "bob@example.org", "carol@example.org")
    outcomes = [send(parcel_with(recipient=one)) for one in everybody]

    assert outcomes[1] == Outcome(Result.REFUSED, "550 5.1.1 no such user")
    assert [one.recipient for one in sink.mails] == ["alice@example.org", "carol@example.org"]


def test_a_recipient_for_later_does_not_keep_the_others_waiting(sink: SmtpSink) -> None:
    sink.says["ops@example.org"] = "450 4.2.0 greylisted"

    assert send(parcel_with()) == Outcome(Result.LATER, "450 4.2.0 greylisted")


@pytest.mark.parametrize(
    ("about", "said", "outcome"),
    [
        ("DATA", "554 5.7.1 spam", Outcome(Result.REFUSED, "554 5.7.1 spam")),
        ("DATA", "451 4.3.0 later", Outcome(Result.LATER, "451 4.3.0 later")),
        ("DATA", "421 4.3.2 closing", Outcome(Result.LATER, "421 4.3.2 closing")),
        ("MAIL", "552 5.3.4 too large", Outcome(Result.REFUSED, "552 5.3.4 too large")),
    ],
)
def test_what_a_server_says_of_a_mail_is_the_answer(
    sink: SmtpSink, about: str, said: str, outcome: Outcome
) -> None:
    sink.says[about] = said

    assert send(parcel_with()) == outcome


def test_a_sender_that_is_refused_stops_all_mail_but_loses_none(sink: SmtpSink) -> None:
    sink.says["MAIL"] = "553 5.7.1 not from here"

    outcome = send(parcel_with())

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert "the sender scmmon@localhost was refused: 553 5.7.1 not from here" in outcome.answer


def test_a_login_that_is_refused_stops_all_mail_and_is_not_shown(settings: Any) -> None:
    with SmtpSink(password="right one") as sink:
        mail_to(settings, sink.port, host_user="monitor", host_password="wrong one")
        outcome = send(parcel_with())

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert "the login was refused: 535" in outcome.answer


def test_a_server_that_repeats_the_login_does_not_bring_it_into_the_answer(settings: Any) -> None:
    with SmtpSink(says={"MAIL": "550 monitor wrong one"}, password="wrong one") as sink:
        mail_to(settings, sink.port, host_user="monitor", host_password="wrong one")
        assert "[hidden] [hidden]" in send(parcel_with()).answer


def test_the_right_login_is_let_in(settings: Any) -> None:
    with SmtpSink(password="right one") as sink:
        mail_to(settings, sink.port, host_user="monitor", host_password="right one")
        assert send(parcel_with()).result == Result.ACCEPTED


def test_words_of_a_server_are_one_short_line(sink: SmtpSink) -> None:
    sink.says["ops@example.org"] = "550-no\x1b[31m\r\n550 " + "such user " * 90

    answer = send(parcel_with()).answer

    assert answer.isprintable()
    assert len(answer) == 500


# --- What goes wrong ---------------------------------------------------------------------------


def outcome_of(talk: Talk, settings: Any, **more: Any) -> Outcome:
    """Return what comes of a mail to a server that talks so."""
    with Server(talk) as server:
        mail_to(settings, server.port, **more)
        return mail.deliver(parcel_with(), seconds=SECONDS)


def test_a_server_that_refuses_connections_is_down(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        mail_to(settings, closed.getsockname()[1])

    outcome = send(parcel_with())

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert "refused the connection; see EMAIL_URL" in outcome.answer


def test_a_server_with_an_unknown_name_is_down(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    mail_to(settings, 25, host="mail.example")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert "mail.example:25: this name is not known" in send(parcel_with()).answer


@pytest.mark.parametrize(
    "slow",
    [
        silent,
        dripping(b"220-"),
        dripping(b"220 hello\r\n250-"),
        dripping(b"220 hello\r\n250 hello\r\n2"),
    ],
    ids=["silent", "banner drips", "greeting drips", "session drips"],
)
def test_a_server_that_is_too_slow_is_left_at_the_deadline(settings: Any, slow: Talk) -> None:
    outcome = outcome_of(slow, settings)

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert "came to no end within 0.6 s" in outcome.answer


def test_a_server_that_drips_after_the_mail_may_have_taken_it(settings: Any) -> None:
    replies = [b"220 hello", b"250 hello", b"250 OK", b"250 OK", b"354 go ahead", b"250"]

    outcome = outcome_of(dripping(b"\r\n".join(replies)), settings)

    assert (outcome.result, outcome.is_down) == (Result.LATER, False)
    assert "the mail may have been taken" in outcome.answer


@pytest.mark.parametrize("tls", ["use_ssl", "use_tls"])
def test_a_handshake_that_hangs_ends_at_the_deadline(settings: Any, tls: str) -> None:
    hanging = (
        silent if tls == "use_ssl" else saying(b"220 hi\r\n250-hi\r\n250 STARTTLS\r\n220 go\r\n")
    )

    outcome = outcome_of(hanging, settings, **{tls: True})

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)


@pytest.mark.parametrize("fault", [HANG, CLOSE])
@pytest.mark.parametrize(("about", "is_down"), [("MAIL", True), ("ops@example.org", False)])
def test_a_server_that_hangs_or_dies_is_down_unless_it_may_be_the_recipients_fault(
    sink: SmtpSink, settings: Any, about: str, is_down: bool, fault: str
) -> None:
    settings.EMAIL_TIMEOUT = SECONDS
    sink.says = {about: fault}

    outcome = send(parcel_with())

    assert (outcome.result, outcome.is_down) == (Result.LATER, is_down)


@pytest.mark.parametrize(
    ("fault", "said"), [(HANG, "gave no answer in time"), (CLOSE, "ended the connection")]
)
def test_a_server_that_hangs_or_dies_after_the_mail_may_have_taken_it(
    sink: SmtpSink, settings: Any, fault: str, said: str
) -> None:
    settings.EMAIL_TIMEOUT = SECONDS
    sink.says["DATA"] = fault

    outcome = send(parcel_with())

    assert (outcome.result, outcome.is_down) == (Result.LATER, False)
    assert f"it {said}; the mail may have been taken" in outcome.answer


def test_a_server_that_hangs_when_all_is_done_has_taken_it(settings: Any) -> None:
    replies = [b"220 hello", b"250 hello", b"250 OK", b"250 OK", b"354 go ahead", b"250 mine", b""]

    def talk(client: socket.socket) -> None:
        client.sendall(b"\r\n".join(replies))
        silent(client)

    assert outcome_of(talk, settings) == Outcome(Result.ACCEPTED, "250 mine")


@pytest.mark.parametrize(
    "words", [b"", b"\xfe\x00\r\n", b"554 5.3.2 go away\r\n", b"220 hi\r\n500 what?\r\n502 no\r\n"]
)
def test_a_server_that_is_none_is_down(settings: Any, words: bytes) -> None:
    outcome = outcome_of(saying(words), settings)

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert outcome.answer.startswith("127.0.0.1:")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, settings: Any) -> None:
    with SmtpSink(tls=certificate(tmp_path)[0]) as sink:
        mail_to(settings, sink.port, use_tls=True)
        outcome = send(parcel_with())

    assert "its certificate does not hold (self-signed certificate)" in outcome.answer
    assert not sink.mails


def test_mail_goes_over_tls_where_the_certificate_holds(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with SmtpSink(tls=tls) as sink:
        mail_to(settings, sink.port, use_tls=True)
        assert send(parcel_with()).result == Result.ACCEPTED


# --- Elsewhere ---------------------------------------------------------------------------------


def test_without_email_url_mail_is_printed(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = "alerts.console.StderrBackend"

    outcome = send(parcel_with())

    assert outcome.answer == "printed: EMAIL_URL is not set"
    assert outcome.is_printed
    assert str(ID) in capsys.readouterr().err


def test_another_backend_of_django_takes_mail_as_well() -> None:
    outcome = send(parcel_with())

    assert outcome == Outcome(Result.ACCEPTED, "taken by django.core.mail.backends.locmem")
    assert [one.to for one in django_mail.outbox] == [["ops@example.org"]]


def test_mail_that_is_written_into_files_says_where(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)

    outcome = send(parcel_of(CHANGE))

    assert outcome.answer == "written into a file, as EMAIL_URL says"
    assert not outcome.is_printed
