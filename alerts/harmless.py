"""The one place where the texts of a message are made harmless before they leave, whatever a name or a program put in them. Pure.

Afterwards no text breaks a line, a terminal, the order of reading or the encoding of a mail. HTML is not escaped here:
templates do that.
"""

import re
from urllib.parse import quote

from alerts.message import Message
from alerts.texts import with_texts
from hubs.names import one_line

WEB_PAGE = re.compile(r"https?://", re.IGNORECASE)
LONGEST_LINK = 2_000
OF_LINKS = "!#$%&'()*+,/:;=?@[]~"  # what means something in a URL, so that it stays as it is


def harmless(message: Message) -> Message:
    """Return a message as it may be shown to people; what it holds for programs stays as it is."""
    return with_texts(message, line, lines, web_link)


def line(text: str) -> str:
    r"""Return a text as one line, in which what is not printable is written out: `\x202e`."""
    return text if text.isprintable() else one_line(text)


def lines(text: str) -> str:
    """Return a text of several lines; of what cannot be seen, only their ends stay as they are, and tabs become spaces."""
    return "\n".join(map(line, text.replace("\r\n", "\n").expandtabs().split("\n")))


def web_link(url: str) -> str:
    """Return a link to a web page in plain ASCII; empty where it leads elsewhere, or is longer than any of ours."""
    if not WEB_PAGE.match(url):
        return ""
    quoted = quote(url, safe=OF_LINKS, errors="replace")
    return quoted if len(quoted) <= LONGEST_LINK else ""
