"""What django-axes asks of us where passwords are guessed: from where a request comes, and what is answered then."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

IPV6_NETWORK_BITS = 64  # one customer has at least so many addresses to choose from


def address_of(request: HttpRequest) -> str | None:
    """Return whose login it is: an address, or an IPv6 network; None where the server does not say.

    Behind `SCMMON_PROXIES` web servers of ours it is the one that the outermost of them noted; what the client itself
    claims stands further left in that header and is never read.
    """
    header = request.headers.get("X-Forwarded-For", "")
    noted = [part.strip() for part in header.split(",") if part.strip()]
    asked_by = request.META.get("REMOTE_ADDR", "")
    proxies = settings.SCMMON_PROXIES
    return _whose(noted[-proxies] if 0 < proxies <= len(noted) else asked_by)


def _whose(text: str) -> str | None:
    # Some servers note the port with it: 192.0.2.1:5678, [2001:db8::1]:5678.
    bare = text.rpartition(":")[0] if text.count(":") == 1 or "]:" in text else text
    try:
        address = ipaddress.ip_address(bare.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    network = ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False)
    return str(network.network_address)


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, str] | None
) -> HttpResponse:
    """Answer a login that is refused unread: the same for every name, whether there is such a user or not."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    refusal = render(request, "429.html", {"minutes": seconds // 60}, status=429)
    refusal["Retry-After"] = str(seconds)
    return refusal
