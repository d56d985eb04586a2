"""Tells people that a command or task of ours failed: with its command line, user, host, traceback and log.

Where not even that can be stored, the operators are mailed straight away.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from alerts import memos
from alerts.context import Context, here, recent_lines
from alerts.delivery import deliver
from alerts.heartbeat import beat
from alerts.message import Facts, Kind, Message, Tone, Verbatim
from alerts.models import Channel, Notification
from alerts.outbox import addressees, post
from alerts.parcel import Parcel, Result
from alerts.sending import send
from hubs.models import Hub
from hubs.names import one_line

log = logging.getLogger("scmmon.failures")

LONGEST_SUBJECT = 160
NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")


@contextmanager
def loud(what: str, *again: str) -> Iterator[None]:
    """Tell people of whatever error comes up within, then let it go on; `again` is the command that repeats it."""
    try:
        yield
    except Exception as error:
        log.exception("%s failed", what)
        tell_end(what, error, again=again)
        raise


def tell_end(what: str, error: Exception, *, again: Sequence[str] = ()) -> None:
    """Tell people that something of ours ended by an error, and whoever watches our heartbeat."""
    tell_failure(what, error, timezone.now(), again=again)
    beat(_in_short(what, error))


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
        if _was_told(message, now) or _is_delivered(message, hub, now):
            return
        log.error(
            "nobody was reached who should know that %s failed; the operators are mailed", what
        )
    except Exception:
        log.exception("what failed could not be stored; it is mailed to the operators")
    _tell_operators_once_a_day(message, now)


def _is_delivered(message: Message, hub: Hub | None, now: datetime) -> bool:
    """Store and deliver a message; say whether anybody took it, or the operators are among those who will."""
    to = addressees(hub, message.severity)
    if not to:
        return False
    is_taken = deliver(only=post(message, to, now, hub=hub)).sent > 0
    return is_taken or {one.recipient for one in to}.issuperset(settings.SCMMON_OPERATORS)


def tell_operators_of(what: str, error: Exception, now: datetime) -> None:
    """Tell the operators, and nobody else, of an error that leaves nothing to store it in."""
    _tell_operators_once_a_day(failure_message(what, error, here()), now)
    beat(_in_short(what, error))


def _in_short(what: str, error: Exception) -> str:
    return f"{what} failed: {type(error).__name__}"


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
        facts={
            "what": one_line(what),
            "error": one_line(told),
            "host": context.host,
            "user": context.user,
        },
    )


def _was_told(message: Message, now: datetime) -> bool:
    lately = Notification.objects.filter(
        kind=Kind.FAILURE, created_at__gt=now - memos.TOLD_AGAIN_AFTER
    )
    told = lately.values_list("content__facts", flat=True)
    return any(_cause(facts or {}) == _cause(message.facts) for facts in told)


def _cause(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells a failure from others; numbers in its error, such as that of a process, do not."""
    return str(facts.get("what")), NUMBER.sub("#", str(facts.get("error")))


def _tell_operators_once_a_day(message: Message, now: datetime) -> None:
    """Mail the operators, unless they were told the same lately; that nothing can be noted is no reason to be silent."""
    about = " ".join(_cause(message.facts))
    if memos.was_told_lately(about, now) or not tell_operators(message, now):
        return
    try:
        memos.note(about, now)
    except OSError as problem:
        log.warning("it cannot be noted that the operators were told: %s", problem)


def tell_operators(message: Message, now: datetime) -> bool:
    """Mail a message to SCMMON_OPERATORS without storing anything; return whether one of them was reached."""
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
    return any(one.result == Result.ACCEPTED for one in outcomes)
