"""How a message looks as HTML mail, as plain text and as a short text for chat services.

Nothing that it gives loads anything, raises for an odd text, or is larger than mail programs show.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC

from django.template.loader import render_to_string

from alerts.harmless import harmless, line, web_link
from alerts.message import Entries, Kind, Message
from alerts.palette import BADGES, DARK, LIGHT, STYLES
from alerts.parcel import Parcel
from alerts.plain_text import block_text, wrapped
from alerts.shortened import STEPS, Shortened, cut_off, shortened

LARGEST_BYTES = 90_000  # Gmail clips at 102 kB, and encoding for the way adds to it
LARGEST_BRIEF = 1_500  # characters
BRIEF_ENTRIES, BRIEF_CONCLUSION, BRIEF_LINE, BRIEF_LINK = 10, 600, 200, 400
PICTURE_NAME = re.compile(r"[A-Za-z0-9-]+")
# What chat services take for a call to people: `@everyone`, `<!channel>`.
CALL = re.compile(r"(?<!\w)@(?=\w)|(?<=<)[!@#](?=\w)")
KINDS: Mapping[str, str] = {
    Kind.CHANGE: "change",
    Kind.REMINDER: "reminder",
    Kind.ESCALATION: "escalation",
    Kind.REASSURANCE: "sign of life",
    Kind.FAILURE: "failed command",
    Kind.TEST: "test",
}


def text_of(parcel: Parcel) -> str:
    """Return a message as plain text, complete on its own."""
    return _first_that_fits(parcel, _text)


def html_of(parcel: Parcel) -> str:
    """Return a message as one HTML document for mail programs; its pictures are `cid:<name>@scmmon`."""
    return _first_that_fits(parcel, _html)


def brief_of(parcel: Parcel) -> str:
    """Return the conclusion of a message, its first entries and its link in at most 1,500 characters."""
    message = harmless(parcel.message)
    link = message.link if len(message.link) <= BRIEF_LINK else ""
    entries = [e for block in message.blocks if isinstance(block, Entries) for e in block.entries]
    told = [_said(cut_off(_concluded(message), BRIEF_CONCLUSION))]
    for number, entry in enumerate(entries):
        said = _said(cut_off(f"- {entry.word}: {entry.text}", BRIEF_LINE))
        more = f"… and {len(entries) - number:,} more"
        if number == BRIEF_ENTRIES or len("\n".join([*told, said, more, link])) > LARGEST_BRIEF:
            told.append(more)
            break
        told.append(said)
    return "\n".join(filter(None, [*told, link]))


def _first_that_fits(parcel: Parcel, show: Callable[[Parcel, Shortened], str]) -> str:
    message = harmless(parcel.message)
    shown = ""
    for most in STEPS:
        shown = show(parcel, shortened(message, most))
        if len(shown.encode()) <= LARGEST_BYTES:
            break
    return shown


def _text(parcel: Parcel, short: Shortened) -> str:
    message = short.message
    blocks = [
        "\n\n".join(filter(None, [block_text(block), _more(left_out, message)]))
        for block, left_out in zip(message.blocks, short.left_out, strict=True)
    ]
    return render_to_string(
        "alerts/message.txt",
        {
            "conclusion": wrapped(_concluded(message)),
            "blocks": [*blocks, *filter(None, [_more(short.blocks_left_out, message, "parts")])],
            "link": message.link,
            "confirm_url": web_link(parcel.confirm_url),
            "footer": wrapped(_footer(parcel)),
        },
    )


def _html(parcel: Parcel, short: Shortened) -> str:
    message = short.message
    blocks = [
        {
            "block": block,
            "template": f"alerts/_{type(block).__name__.lower()}.html",
            "left_out": _more(left_out, message),
        }
        for block, left_out in zip(message.blocks, short.left_out, strict=True)
    ]
    return render_to_string(
        "alerts/message.html",
        {
            "message": message,
            "kind": KINDS.get(message.kind, ""),
            "blocks": blocks,
            "blocks_left_out": _more(short.blocks_left_out, message, "parts"),
            "pictures": [name for name in parcel.pictures if PICTURE_NAME.fullmatch(name)],
            "confirm_url": web_link(parcel.confirm_url),
            "footer": _footer(parcel),
            "style": STYLES,
            "light": LIGHT,
            "dark": DARK,
            "badges": BADGES.values(),
        },
    )


def _concluded(message: Message) -> str:
    return f"[{message.tone}] {message.conclusion}" if message.tone else message.conclusion


def _more(left_out: int, message: Message, what: str = "more") -> str:
    if not left_out:
        return ""
    where = " The page has all of them." if message.link else ""
    return f"{left_out:,} {what} {'is' if left_out == 1 else 'are'} not shown here.{where}"


def _footer(parcel: Parcel) -> str:
    to = line(parcel.recipient) or "this channel"
    return (
        f"You get this because a route in scmmon leads to {to}. Message {parcel.id} "
        f"({KINDS.get(parcel.message.kind, 'message')}), written {parcel.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    )


def _said(text: str) -> str:
    """Return a text in which no name can call the people of a chat."""
    return CALL.sub(lambda call: f"{call[0]} ", text)
