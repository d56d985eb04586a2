"""Sends a parcel as mail to its one recipient: plain text, HTML, and the pictures that the HTML shows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from email.charset import QP, Charset
from email.header import Header
from email.message import Message as MimeMessage
from email.mime.image import MIMEImage
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.console import EmailBackend as ConsoleBackend
from django.core.mail.backends.filebased import EmailBackend as FileBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.core.validators import validate_email
from django.utils.encoding import punycode

from alerts.harmless import line
from alerts.parcel import Outcome, Parcel, Result
from alerts.rendering import PICTURE_NAME, html_of, text_of
from alerts.shortened import cut_off
from alerts.smtp import send_by_smtp

DEADLINE_SECONDS = 60
LONGEST_SUBJECT = 200
LONGEST_WORD = 100  # in headers of our own
ONE_LINE = 60  # characters after the name of a header
PNG = b"\x89PNG\r\n\x1a\n"
# So that all that is sent is ASCII in short lines, whatever a server on the way can do.
QUOTED_UTF8 = Charset("utf-8")
QUOTED_UTF8.body_encoding = QP


def deliver(parcel: Parcel, *, seconds: float = DEADLINE_SECONDS) -> Outcome:
    """Give a parcel to the mail server, or to whatever else EMAIL_URL names, within so many seconds."""
    try:
        validate_email(parcel.recipient)
    except ValidationError:
        shown = cut_off(line(parcel.recipient), LONGEST_WORD)
        return Outcome(Result.REFUSED, f"“{shown}” is not a mail address")
    mail, backend = mail_of(parcel), get_connection()
    if type(backend) is SmtpBackend:
        return send_by_smtp(mail, seconds)
    backend.send_messages([mail])
    if isinstance(backend, FileBackend):  # which is a console's, too
        return Outcome(Result.ACCEPTED, "written into a file, as EMAIL_URL says")
    if isinstance(backend, ConsoleBackend):
        return Outcome(Result.ACCEPTED, "printed: EMAIL_URL is not set", is_printed=True)
    return Outcome(Result.ACCEPTED, f"taken by {type(backend).__module__}")


class Mail(EmailMultiAlternatives):
    """A mail with pictures: multipart/related of multipart/alternative and the pictures, as web mail makes it."""

    mixed_subtype = "related"
    encoding = QUOTED_UTF8

    def message(self) -> MimeMessage:
        mail: MimeMessage = super().message()
        if mail.get_content_subtype() == self.mixed_subtype:
            mail.set_param("type", "multipart/alternative")  # RFC 2387 wants it
        return mail


def mail_of(parcel: Parcel) -> Mail:
    """Return the mail that a parcel is; what is no PNG stays behind."""
    parcel = replace(parcel, pictures=_sound(parcel.pictures))
    mail = Mail(
        subject=_header(parcel.message.subject, LONGEST_SUBJECT),
        body=text_of(parcel),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[parcel.recipient],
        headers=_headers(parcel),
    )
    mail.attach_alternative(html_of(parcel), "text/html")
    for name, png in parcel.pictures.items():
        mail.attach(_inline(name, png))
    return mail


def _sound(pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    return {
        name: png
        for name, png in pictures.items()
        if PICTURE_NAME.fullmatch(name) and len(name) <= LONGEST_WORD and png.startswith(PNG)
    }


def _inline(name: str, png: bytes) -> MIMEImage:
    image = MIMEImage(png, "png")
    image["Content-ID"] = f"<{name}@scmmon>"
    image.add_header("Content-Disposition", "inline", filename=f"{name}.png")
    return image


def _headers(parcel: Parcel) -> dict[str, str]:
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    headers = {
        "Message-ID": f"<{parcel.id}@{punycode(sender.rpartition('@')[2]) or 'localhost'}>",
        "Date": format_datetime(parcel.created_at.astimezone(UTC)),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Scmmon-Hub": _header(str(parcel.message.facts.get("hub") or ""), LONGEST_WORD),
        "X-Scmmon-Kind": _header(parcel.message.kind, LONGEST_WORD),
        "X-Scmmon-Severity": _header(parcel.message.severity, LONGEST_WORD),
    }
    return {name: value for name, value in headers.items() if value}


def _header(text: str, longest: int) -> str:
    """Return a text for people as one header may hold it; what is not short and plain is put in encoded words.

    These are made here, as Django does not know of the header's name, and would begin with an empty line.
    """
    shown = cut_off(" ".join(line(text).split()), longest)
    if shown.isascii() and len(shown) <= ONE_LINE and "=?" not in shown:
        return shown
    return Header(shown, "utf-8", maxlinelen=ONE_LINE).encode(linesep="")
