"""A process of its own that delivers and is killed, again and again: `python -m tests.killed_deliverer ROUNDS SEED`.

Django is loaded once; each round posts a message, forks a deliverer, and kills it at a random moment. At last one delivers
to the end. What was posted, and how many attempts were cut off, is printed as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress

import django

RECIPIENTS = ["alice@example.org", "bob@example.org"]
DELIVERS_LAST = 20  # times, as each takes over what the one before left


def main(rounds: int, seed: int) -> None:
    from django.db import connections
    from django.utils import timezone

    from alerts.message import Kind, Message, Tone
    from alerts.models import Attempt, Channel, Delivery, DeliveryStatus
    from alerts.outbox import post, reached_by
    from alerts.parcel import Result

    chance = random.Random(seed)
    channel = Channel.objects.create(name="mail", addresses=RECIPIENTS)
    message = Message(Kind.CHANGE, Tone.ALARM, Tone.ALARM, "it burns", "It burns.")
    posted, usual_seconds = {}, _seconds_of_one()
    for _ in range(rounds):
        notification = post(message, reached_by([channel], None), timezone.now())
        posted[str(notification.public_id)] = RECIPIENTS
        connections.close_all()
        child = _fork_deliverer()
        time.sleep(chance.uniform(0, usual_seconds))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for _ in range(DELIVERS_LAST):
        os.waitpid(_fork_deliverer(), 0)
        if not Delivery.objects.exclude(status=DeliveryStatus.SENT).exists():
            break
        connections.close_all()
    cut_off = Attempt.objects.filter(result=Result.LOST).count()
    print(json.dumps({"posted": posted, "cut_off": cut_off}))  # noqa: T201


def _seconds_of_one() -> float:
    began = time.monotonic()
    os.waitpid(_fork_deliverer(), 0)
    return 3 * (time.monotonic() - began)


def _fork_deliverer() -> int:
    child = os.fork()
    if child:
        return child
    from alerts.delivery import deliver

    try:
        deliver(everything=True)
    finally:
        os._exit(0)


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]))
