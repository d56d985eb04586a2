"""Says where a channel leads, as far as that is no secret."""

import re
from urllib.parse import urlsplit

from alerts.models import Channel
from hubs.names import one_line

NAMED_ADDRESSES = 3
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+-]{0,30})://")


def place_of(channel: Channel) -> str:
    """Return addresses, the host of a webhook, or the name of a service: in what follows that, tokens are hidden."""
    match Channel.Kind(channel.kind):
        case Channel.Kind.EMAIL:
            return _addresses(channel.addresses)
        case Channel.Kind.WEBHOOK:
            return host_of(channel.url) or "no host"
        case Channel.Kind.APPRISE:
            scheme = SCHEME.match(channel.url)
            return f"{scheme[1].lower()}://…" if scheme else "no service"


def host_of(url: str) -> str:
    """Return the host and port that an http or https URL names; empty where it is no such URL."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return one_line(f"{parts.hostname}{port}")


def _addresses(addresses: list[str]) -> str:
    if not addresses:
        return "the contacts of each hub"
    left_out = len(addresses) - NAMED_ADDRESSES
    more = f" and {left_out} more" if left_out > 0 else ""
    return ", ".join(addresses[:NAMED_ADDRESSES]) + more
