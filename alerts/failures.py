"""Tells people that a command or task of ours failed: with its command line, user, host, traceback and log.

Where not even that can be stored, the operators are mailed straight away.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from alerts.context import Context, here, recent_lines
from alerts.delivery import deliver
from alerts.message import Facts, Kind, Message, Tone, Verbatim
from alerts.models import Channel, Notification
from alerts.outbox import addressees, post
from alerts.parcel import Parcel, Result
from alerts.sending import send
from hubs.models import Hub
from hubs.names import one_line

log = logging.getLogger("scmmon.failures")

LONGEST_SUBJECT = 160
TOLD_AGAIN_AFTER = timedelta(days=1)  # the same failure at every run of cron


@contextmanager
def loud(what: str, *again: str) -> Iterator[None]:
    """Tell people of whatever error comes up within, then let it go on; `again` is the command that repeats it."""
    try:
        yield
    except Exception as error:
        log.exception("%s failed", what)
        tell_failure(what, error, timezone.now(), again=again)
        raise


def tell_failure(
    what: str,
    error: Exception,
    now: datetime,
    *,
    hub: Hub | None = None,
    again: Sequence[str] = (),
) -> None:
    """Tell people that something of ours failed; of what was told within a day, only the log tells.

    `again` is the command of ours that repeats it, where that is another than this process runs. Never raises: whoever
    calls has an error of his own to deal with.
    """
    message = failure_message(what, error, here(), again)
    try:
        if _was_told(message, now):
            return
        to = addressees(hub, message.severity)
        if to:
            deliver(only=post(message, to, now, hub=hub))
            return
        log.error("nobody is told that %s failed: there is no route", what)
    except Exception:
        log.exception("what failed could not be stored; it is mailed to the operators")
    tell_operators(message, now)


def failure_message(
    what: str, error: BaseException, context: Context, again: Sequence[str] = ()
) -> Message:
    """Return what is to be told of an error."""
    told = f"{type(error).__name__}: {error}".strip().rstrip(":")
    subject = one_line(f"scmmon on {context.host}: {what} failed — {told}")
    text = "".join(traceback.format_exception(error))
    return Message(
        kind=Kind.FAILURE,
        severity=Tone.ALARM,
        tone=Tone.ALARM,
        subject=subject[:LONGEST_SUBJECT],
        conclusion=f"{what} failed: {one_line(told)}",
        blocks=(
            Facts("The error", (("What failed", what), ("Error", told))),
            Verbatim("Traceback", text),
            context.facts(),
            context.to_repeat(*(again or sys.argv[1:])),
            recent_lines(),
        ),
        link=settings.SCMMON_SITE_URL,
        facts={"what": what, "error": one_line(told), "host": context.host, "user": context.user},
    )


def _was_told(message: Message, now: datetime) -> bool:
    lately = Notification.objects.filter(kind=Kind.FAILURE, created_at__gt=now - TOLD_AGAIN_AFTER)
    return lately.filter(subject=message.subject).exists()


def tell_operators(message: Message, now: datetime) -> bool:
    """Mail a message to SCMMON_OPERATORS without storing anything; return whether all was taken."""
    outcomes = [
        send(
            Parcel(
                message=message,
                id=uuid4(),
                created_at=now,
                channel_kind=Channel.Kind.EMAIL,
                recipient=address,
            )
        )
        for address in settings.SCMMON_OPERATORS
    ]
    for outcome in outcomes:
        log.log(
            logging.INFO if outcome.result == Result.ACCEPTED else logging.ERROR,
            "mail to an operator: %s",
            outcome.answer,
        )
    return bool(outcomes) and all(one.result == Result.ACCEPTED for one in outcomes)
