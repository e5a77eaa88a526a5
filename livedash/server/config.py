"""What whoever runs a server may set."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from livedash import limits
from livedash.errors import SettingRefusedError


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """`public_url` is the address that others reach this server by; `frame_ancestors` who may embed its pages.

    `record_bytes` and `publish_body_bytes` allow what limits.py does, or less. A rate is of one publisher, a second; 0: no
    bound.
    """

    # addresses
    public_url: str | None = None
    listening_url: str | None = None
    base_path: str = "/livedash/"
    frame_ancestors: tuple[str, ...] = ("'self'",)
    # bounds
    history_bytes: int = limits.HISTORY_BYTES
    hub_history_bytes: int = limits.HUB_HISTORY_BYTES
    connections: int = limits.CONNECTIONS
    viewers_bytes: int = limits.VIEWERS_BYTES
    address_connections: int = limits.ADDRESS_CONNECTIONS
    link_connections: int = limits.LINK_CONNECTIONS
    rooms_per_connection: int = limits.SUBSCRIPTIONS_PER_CONNECTION
    record_bytes: int = limits.RECORD_BYTES
    publish_body_bytes: int = limits.PUBLISH_BODY_BYTES
    publish_rate_records: float = limits.PUBLISH_RATE_RECORDS
    publish_rate_bytes: float = limits.PUBLISH_RATE_BYTES
    drain_s: float = limits.DRAIN_S
    # rooms on disk
    data_dir: str | None = None
    data_dir_bytes: int = limits.DATA_DIR_BYTES
    # other hubs
    broker: str | None = None
    # JupyterLab
    save_after_show: bool = True

    def __post_init__(self) -> None:
        """Raises SettingRefusedError for an address that no link can carry."""
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise SettingRefusedError(
                    f"public_url={self.public_url!r} is no address; write it as https://lab.example.org"
                )
