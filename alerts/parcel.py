"""What a sender takes and gives: one message for one recipient over one channel, what came of it, and who is not reached.

Plain values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from alerts.message import Message


@dataclass(frozen=True)
class Parcel:
    """One message for one recipient over one channel."""

    message: Message
    id: UUID  # the same for every attempt, so that a receiver knows a repetition
    created_at: datetime  # when the message was written
    channel_kind: str  # email, webhook, apprise
    recipient: str = ""  # a mail address; empty where the URL says it all
    url: str = field(default="", repr=False)  # may hold a secret
    secrets: tuple[str, ...] = field(default=(), repr=False)  # a webhook is signed with each
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # name → PNG
    confirm_url: str = ""  # where the reader says that it reached him; empty where he is not asked


class Result(StrEnum):
    """What came of an attempt."""

    ACCEPTED = "accepted"  # the other side took it
    LATER = "later"  # not now: to be tried again
    REFUSED = "refused"  # never: trying again would change nothing
    LOST = "lost"  # we ended before we knew; it may have been taken


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt; the answer is one line for people and holds no secret."""

    result: Result
    answer: str
    retry_after: timedelta | None = None  # as the other side asked
    is_down: bool = False  # nothing else can be sent over this channel now either
    is_printed: bool = False  # it was mail, and nobody but us saw it
    closes_channel: bool = False  # the other side wants nothing over it any more


@dataclass(frozen=True)
class Trouble:
    """A recipient who is not reached."""

    subject: str  # tells him from all others
    channel: str
    recipient: str  # with its local part hidden: findings may be public
    since: datetime  # when the oldest message was written that did not reach him
    messages: int
    answer: str  # what the other side said last
    is_given_up: bool  # of one of the messages
    reached_others: bool  # each of them reached somebody else
