"""The address that a link carries: the one by which others reach this server (DESIGN 3.6)."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from livedash.server.services import Services

_ONLY_HERE = (
    "this address opens on this machine only; give the server's address by --public-url "
    "(in Jupyter: LiveDash.public_url), or start it with --host 0.0.0.0"
)


def public_base(services: Services) -> tuple[str, str | None]:
    """The absolute URL of `…/livedash/`, and a note where it leads nowhere for others."""
    config = services.config
    path = config.base_path
    hub_url = os.environ.get("JUPYTERHUB_PUBLIC_URL")
    if config.public_url:
        base = config.public_url.rstrip("/")
        return (base + "/" if base.endswith("/livedash") else base + path), None
    if hub_url:
        parts = urlsplit(hub_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return origin + path, None
    origin = services.browser_origin or config.listening_url or "http://localhost"
    return origin.rstrip("/") + path, _ONLY_HERE if is_loopback(origin) else None


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
