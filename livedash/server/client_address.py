"""By which address connections are counted; X-Forwarded-For is believed, or not, before a request comes here."""

from __future__ import annotations

import ipaddress
from typing import Final

_IPV6_PREFIX: Final = 64  # what one host or flat is given (RFC 6177); it has 2^64 addresses to come from


def counted_address(remote_ip: str | None) -> str | None:
    """None is not counted: this machine, where kernels and a reverse proxy share an address, and a UNIX socket."""
    try:
        address = ipaddress.ip_address((remote_ip or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is not None:
            return counted_address(str(mapped))
        if not (address.is_loopback or address.is_unspecified):
            return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
        return None
    return None if address.is_loopback or address.is_unspecified else str(address)
