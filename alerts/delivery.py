"""Delivery: takes what waits in the outbox and is due, sends it, notes each attempt before it and its outcome after it.

One process delivers at a time. What it finds claimed was claimed by one that died, and is sent again under the same id:
at least once, and a receiver can tell a repetition. Channels are served side by side, each its deliveries in order; a
channel that is down keeps nobody else waiting.
"""

import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from django.db import transaction
from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone

from alerts.confirming import confirm_url
from alerts.models import Attempt, Channel, Delivery, DeliveryStatus, Notification
from alerts.parcel import Outcome, Parcel, Result
from alerts.sending import send
from hubs.locks import patient_lock

DELIVERING = -1  # the number of the lock
SECONDS_A_ROUND = 120  # after so many nothing new is begun; the next round goes on
SECONDS_A_PARCEL = 90  # longer than any sender may take
# As long as another process is waited for that delivers.
SECONDS_FOR_ANOTHER = SECONDS_A_ROUND + SECONDS_A_PARCEL + 10
PAUSES = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 120, 240, 480, 960, 1440)
)
GIVEN_UP_AFTER = timedelta(days=7)
SECONDS_A_PAGE_WAITS = 10  # for another process, where somebody waits for the page
SIDE_BY_SIDE = 8  # channels
ENDED_WITHOUT_OUTCOME = "the process that sent it ended; it may have been taken"


@dataclass
class Round:
    """What came of delivering once."""

    sent: int = 0
    postponed: int = 0
    given_up: int = 0
    printed: int = 0  # of those sent: mail, as EMAIL_URL is not set
    is_busy: bool = False  # another process delivers, and did not come to an end
    problems: list[str] = field(default_factory=list)  # in one line each
    channels: set[str] = field(default_factory=set)  # names of those with problems

    @property
    def is_clean(self) -> bool:
        """Whether all that was due was taken."""
        return not (self.postponed or self.given_up or self.is_busy)


def summary(came_of_it: Round) -> str:
    """Return what a round came to, for people."""
    return (
        f"{came_of_it.sent} sent, {came_of_it.postponed} to be tried again, "
        f"{came_of_it.given_up} given up"
    )


def deliver(
    *,
    everything: bool = False,
    only: Notification | None = None,
    seconds_for_another: float = SECONDS_FOR_ANOTHER,
) -> Round:
    """Deliver what is due, all that waits, or only one notification; return what came of it."""
    with patient_lock(DELIVERING, seconds=seconds_for_another) as mine:
        if not mine:
            busy = "another process has been delivering for too long: is it stopped?"
            return Round(is_busy=True, problems=[busy])
        _take_over_claims(timezone.now())
        return _Deliverer().run(_waiting(timezone.now(), everything, only))


def _waiting(now: datetime, everything: bool, only: Notification | None) -> QuerySet[Delivery]:
    # What waits for a channel that is switched off is held until it is too old.
    is_old = Q(notification__created_at__lt=now - GIVEN_UP_AFTER)
    waiting = Delivery.objects.filter(
        Q(channel=None) | Q(channel__enabled=True) | is_old, status=DeliveryStatus.WAITING
    )
    if only is not None:
        return waiting.filter(notification=only)
    if everything:
        return waiting
    # An earlier message to the same recipient goes first, or he would read the end before the beginning.
    later = Delivery.objects.later_to_the_same().filter(status=DeliveryStatus.WAITING)
    return waiting.filter(Q(due_at__lte=now) | Exists(later.filter(due_at__lte=now)))


def _in_order(waiting: QuerySet[Delivery]) -> list[tuple[int, int | None]]:
    """Return deliveries with their channels: each recipient's in order, those first who never failed."""
    rows = list(waiting.order_by("pk").values_list("pk", "channel", "recipient", "attempts_made"))
    most_tried: dict[tuple[int | None, str], int] = defaultdict(int)
    for _, channel_id, recipient, attempts in rows:
        most_tried[channel_id, recipient] = max(most_tried[channel_id, recipient], attempts)
    rows.sort(key=lambda row: (most_tried[row[1], row[2]], row[0]))
    return [(pk, channel_id) for pk, channel_id, _, _ in rows]


def _take_over_claims(now: datetime) -> None:
    """Let wait again what a process had claimed that ended; nobody else holds the lock.

    The first time it is sent again at once; after that it waits as what failed does, as it may be what ends us.
    """
    with transaction.atomic():
        for left in Delivery.objects.filter(status=DeliveryStatus.SENDING):
            Attempt.objects.filter(delivery=left, ended_at=None).update(
                ended_at=now, result=Result.LOST, answer=ENDED_WITHOUT_OUTCOME
            )
            left.status, left.answer = DeliveryStatus.WAITING, ENDED_WITHOUT_OUTCOME
            left.due_at = now if left.attempts_made <= 1 else now + _usual_pause(left)
            left.save(update_fields=["status", "answer", "due_at"])


class _Deliverer:
    """One round: the database is this thread's work, the network that of one thread for each channel."""

    def __init__(self) -> None:
        self.round = Round()
        self.lines: dict[int | None, deque[int]] = defaultdict(deque)  # by channel, in order
        self.under_way: dict[int | None, Delivery] = {}  # likewise
        self.outcomes = SimpleQueue[tuple[Delivery, Outcome]]()
        self.deadline = time.monotonic() + SECONDS_A_ROUND

    def run(self, waiting: QuerySet[Delivery]) -> Round:
        """Send all that waits, each once."""
        for pk, channel_id in _in_order(waiting):
            self.lines[channel_id].append(pk)
        self._fill()
        while self.under_way:
            for delivery, outcome in self._outcomes():
                if self.under_way.get(delivery.channel_id) is not delivery:
                    continue  # it was given up as lost before
                del self.under_way[delivery.channel_id]
                self._record(delivery, outcome)
                if outcome.is_down or outcome.closes_channel:
                    self._leave_waiting(delivery.channel_id)
            self._fill()
        return self.round

    def _leave_waiting(self, channel_id: int | None) -> None:
        self.round.postponed += len(self.lines[channel_id])
        self.lines[channel_id].clear()

    def _fill(self) -> None:
        """Send the next over each channel that has nothing under way, while there are room and time."""
        for channel_id in list(self.lines):
            if len(self.under_way) >= SIDE_BY_SIDE:
                return
            if time.monotonic() > self.deadline:
                self._leave_waiting(channel_id)
            elif channel_id not in self.under_way:
                self._send_next(channel_id)

    def _outcomes(self) -> list[tuple[Delivery, Outcome]]:
        """Wait for the next outcome; a sender that never ends has none."""
        try:
            return [self.outcomes.get(timeout=SECONDS_A_PARCEL)]
        except Empty:
            lost = Outcome(Result.LATER, f"no outcome within {SECONDS_A_PARCEL} s", is_down=True)
            return [(delivery, lost) for delivery in self.under_way.values()]

    def _send_next(self, channel_id: int | None) -> None:
        line = self.lines[channel_id]
        while line:
            delivery = _claim(line.popleft(), timezone.now())
            if delivery is None:
                continue
            if delivery.channel is None or not delivery.channel.enabled:
                self._record(
                    delivery, Outcome(Result.REFUSED, "the channel is gone or switched off")
                )
                continue
            try:
                parcel = _parcel(delivery, delivery.channel)
            except (LookupError, TypeError, ValueError) as problem:  # of another version, or spoilt
                self._record(delivery, Outcome(Result.LATER, f"it cannot be read: {problem!r}"))
                continue
            self.under_way[channel_id] = delivery
            # A daemon, so that a sender which hangs cannot keep the process from ending.
            threading.Thread(target=self._send, args=(delivery, parcel), daemon=True).start()
            return

    def _send(self, delivery: Delivery, parcel: Parcel) -> None:
        self.outcomes.put((delivery, send(parcel)))

    def _record(self, delivery: Delivery, outcome: Outcome) -> None:
        status = _record(delivery, outcome, timezone.now())
        if status == DeliveryStatus.SENT:
            self.round.sent += 1
            self.round.printed += outcome.is_printed
            return
        if status == DeliveryStatus.FAILED:
            self.round.given_up += 1
        else:
            self.round.postponed += 1
        self.round.channels.add(delivery.channel_name)
        self.round.problems.append(
            f"{delivery.channel_name} {delivery.recipient}: {outcome.answer}"
        )


def _claim(pk: int, now: datetime) -> Delivery | None:
    """Note that a delivery is being sent, before it is; None where it waits no more."""
    with transaction.atomic():
        claimed = Delivery.objects.filter(pk=pk, status=DeliveryStatus.WAITING).update(
            status=DeliveryStatus.SENDING, attempts_made=F("attempts_made") + 1
        )
        if not claimed:
            return None
        delivery = Delivery.objects.select_related("channel", "notification__hub").get(pk=pk)
        Attempt.objects.create(delivery=delivery, number=delivery.attempts_made, began_at=now)
    return delivery


def _parcel(delivery: Delivery, channel: Channel) -> Parcel:
    notification = delivery.notification
    return Parcel(
        message=notification.message,
        id=notification.public_id,
        created_at=notification.created_at,
        channel_kind=channel.kind,
        recipient=delivery.recipient,
        url=channel.url,
        secrets=channel.secrets,
        pictures={one.name: bytes(one.png) for one in notification.pictures.all()},
        confirm_url=confirm_url(delivery),
    )


def _record(delivery: Delivery, outcome: Outcome, now: datetime) -> DeliveryStatus:
    """Store what came of an attempt, and when it is tried again; return where the delivery stands."""
    status = _status_after(delivery, outcome, now)
    waits = status == DeliveryStatus.WAITING
    with transaction.atomic():
        Attempt.objects.filter(delivery=delivery, number=delivery.attempts_made).update(
            ended_at=now, result=outcome.result, answer=outcome.answer
        )
        Delivery.objects.filter(pk=delivery.pk).update(
            status=status,
            answer=outcome.answer,
            due_at=now + _pause(delivery, outcome) if waits else now,
            settled_at=None if waits else now,
        )
        channel = Channel.objects.filter(deliveries=delivery.pk)
        if status == DeliveryStatus.SENT:
            channel.update(accepted_at=now)
        if outcome.closes_channel:
            channel.update(
                enabled=False, closed_reason=f"{now:%Y-%m-%d %H:%M} UTC: {outcome.answer}"
            )
    return status


def _status_after(delivery: Delivery, outcome: Outcome, now: datetime) -> DeliveryStatus:
    if outcome.result == Result.ACCEPTED:
        return DeliveryStatus.SENT
    is_old = now - delivery.notification.created_at > GIVEN_UP_AFTER
    if outcome.result == Result.REFUSED or is_old:
        return DeliveryStatus.FAILED
    return DeliveryStatus.WAITING


def _pause(delivery: Delivery, outcome: Outcome) -> timedelta:
    """Return how long the next attempt waits: longer each time, and as long as the other side asked for."""
    usual = _usual_pause(delivery)
    return max(usual, outcome.retry_after or usual)


def _usual_pause(delivery: Delivery) -> timedelta:
    return PAUSES[min(delivery.attempts_made, len(PAUSES)) - 1]
