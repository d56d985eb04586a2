"""The rule about our own messages: whether they reach the people whom they are for. Pure."""

from collections.abc import Iterator
from datetime import datetime

from alerts.parcel import Trouble
from hubs.limits import Limits
from probes.judge import wording
from probes.judge.values import ALARM, WARN, HubPast, Verdict


def delivery_failed(past: HubPast, limits: Limits, now: datetime) -> Iterator[Verdict]:
    """Tell of each recipient whom messages about this hub do not reach; who else was reached says how bad it is."""
    for trouble in past.not_reached:
        yield Verdict(
            code="delivery_failed",
            severity=WARN if trouble.reached_others else ALARM,
            subject=trouble.subject,
            message=_message(trouble, past),
            evidence={
                "channel": trouble.channel,
                "recipient": trouble.recipient,
                "not_reached_since": wording.iso(trouble.since),
                "messages": trouble.messages,
                "answer": trouble.answer,
                "reached_others": trouble.reached_others,
            },
        )


def _message(trouble: Trouble, past: HubPast) -> str:
    to = f" to {trouble.recipient}" if trouble.recipient else ""
    others = "others were told" if trouble.reached_others else "nobody else was told"
    next_step = (
        "What was given up can be sent again from its page."
        if trouble.is_given_up
        else "It is tried again and again for a week."
    )
    return (
        f"{wording.number(trouble.messages, 'message')} about this hub did not get through over "
        f"{trouble.channel}{to} since {wording.moment(trouble.since, past.zone)}; {others}. The answer was: "
        f"{wording.sentence(trouble.answer or 'none')} {next_step}"
    )
