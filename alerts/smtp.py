"""Gives one mail to the SMTP server of Django's settings, and tells in the server's own words how that went."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from alerts.dialling import Deadline, dial
from alerts.parcel import Outcome, Result
from hubs.names import one_line

GO_AHEAD = 354  # the server waits for the mail itself
TOO_LARGE = 552


def send_by_smtp(mail: EmailMessage, seconds: float) -> Outcome:
    """Send a mail to its one recipient; none of it takes longer than so many seconds.

    Django's own backend says nothing of what a server answered, and a server that sends a byte now and then holds it
    for ever.
    """
    with Deadline(seconds) as deadline:
        talk = _Talk(deadline)
        backend = _Backend(talk)
        try:
            backend.send_messages([mail])
        except OSError as problem:  # smtplib's errors are such
            if not talk.taken:
                return _outcome(problem, talk, f"{backend.host}:{backend.port}")
        finally:
            if talk.connection:
                talk.connection.close()  # Django leaves it open where the login fails
    return Outcome(Result.ACCEPTED, talk.taken)


class _Talk:
    """What is to be known of one conversation when it has ended."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        # What fails from then on may be the recipient's or the mail's fault.
        self.is_sender_taken = False
        self.is_mail_sent = False  # or a part of it
        self.taken = ""  # what the server said when it took the mail
        self.connection: smtplib.SMTP | None = None


class _Connection(smtplib.SMTP):
    """A connection within a deadline that notes how far it came."""

    def __init__(self, *args: Any, talk: _Talk, **options: Any) -> None:
        self.talk = talk
        talk.connection = self
        smtplib.SMTP.__init__(self, *args, **options)  # which connects

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # EMAIL_URL is the operator's own, and a mail server is inside as often as not.
        return dial(host, port, self.talk.deadline, step_seconds=timeout, allow_private=True)

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        self.talk.is_sender_taken = True
        return super().rcpt(recip, options)

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        self.talk.deadline.left()  # a line that it cut looks as if it had ended
        self.talk.is_mail_sent |= code == GO_AHEAD
        return code, text

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, text = super().data(msg)
        if 200 <= code < 300:
            self.talk.taken = _words(code, text)
        return code, text


class _TlsConnection(smtplib.SMTP_SSL, _Connection):
    """The same with TLS from its first byte, which SMTP_SSL puts on what the next class connected."""

    def __init__(self, *args: Any, talk: _Talk, **options: Any) -> None:
        self.talk = talk
        talk.connection = self
        smtplib.SMTP_SSL.__init__(self, *args, **options)  # which connects


class _Backend(EmailBackend):
    """Django's, which makes connections of ours."""

    def __init__(self, talk: _Talk) -> None:
        super().__init__()
        self.talk = talk

    @property
    def connection_class(self) -> Callable[..., _Connection]:
        return partial(_TlsConnection if self.use_ssl else _Connection, talk=self.talk)


def _words(code: int, text: bytes | str) -> str:
    said = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return one_line(f"{code} {said}".strip())


def _outcome(problem: OSError, talk: _Talk, host: str) -> Outcome:
    match problem:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(problem.recipients.values()))
            return _as_coded(code, _words(code, text))
        case smtplib.SMTPDataError():
            return _as_coded(problem.smtp_code, _words(problem.smtp_code, problem.smtp_error))
        case smtplib.SMTPSenderRefused(smtp_code=code) if code == TOO_LARGE:
            return Outcome(Result.REFUSED, _words(code, problem.smtp_error))
    if talk.is_mail_sent:
        return Outcome(
            Result.LATER, f"{host}: {_said(problem, talk)}; the mail may have been taken"
        )
    answer = f"{host}: {_said(problem, talk)}; see EMAIL_URL"
    return Outcome(Result.LATER, answer, is_down=not talk.is_sender_taken)


def _as_coded(code: int, answer: str) -> Outcome:
    return Outcome(Result.REFUSED if code >= 500 else Result.LATER, answer)


def _said(problem: OSError, talk: _Talk) -> str:
    match problem:
        case smtplib.SMTPSenderRefused():
            said = _words(problem.smtp_code, problem.smtp_error)
            return f"the sender {problem.sender} was refused: {said}"
        case smtplib.SMTPAuthenticationError():
            return f"the login was refused: {_words(problem.smtp_code, problem.smtp_error)}"
        case smtplib.SMTPResponseException():
            return _words(problem.smtp_code, problem.smtp_error)
        case _ if talk.deadline.is_over:
            return f"it came to no end within {talk.deadline.seconds:g} s"
        case socket.gaierror():
            return "this name is not known here"
        case ConnectionRefusedError():
            return "it refused the connection"
        case _ if isinstance(problem.__context__ or problem, TimeoutError):
            return "it gave no answer in time"
        case smtplib.SMTPServerDisconnected():
            return "it ended the connection"
        case ssl.SSLCertVerificationError():
            return f"its certificate does not hold ({problem.verify_message})"
    return str(problem) or type(problem).__name__
