"""Says which addresses are out in the world and which are inside: what a URL of somebody's may lead us to. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# What Python's `is_global` lets through in one version or another, and what hides an IPv4 address in an IPv6 one
# (6to4, Teredo). NAT64 (64:ff9b::/96, 64:ff9b:1::/48) and IPv4-compatible addresses lie outside of GLOBAL_IPV6.
INSIDE = [
    ip_network(network)
    for network in (
        "100.64.0.0/10",  # shared by a provider's customers
        "192.0.0.0/24",  # protocols
        "192.88.99.0/24",  # relays of 6to4
        "224.0.0.0/4",  # multicast
        "2001::/23",  # protocols, Teredo among them
        "2001:db8::/32",  # examples
        "2002::/16",  # 6to4
        "3fff::/20",  # examples
    )
]
GLOBAL_IPV6 = ip_network("2000::/3")  # all of IPv6 that was ever given out


def is_public(address: str) -> bool:
    """Say whether a numeric address is a single global one; False as well for what is no address.

    An IPv4 address that is mapped into IPv6 counts as itself. One with a zone is never global.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        return _is_public_ipv6(ip)
    return _is_public(ip)


def _is_public_ipv6(ip: IPv6Address) -> bool:
    if ip.scope_id is not None:
        return False
    if ip.ipv4_mapped is not None:
        return _is_public(ip.ipv4_mapped)
    return ip in GLOBAL_IPV6 and _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not any(ip in network for network in INSIDE)
