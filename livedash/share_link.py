"""A share link in Python's hands: what its maker shows, copies and revokes."""

from __future__ import annotations

import html
from datetime import UTC, datetime

from livedash.client.contract import HubAccess, LinkInfo


class Link:
    """`url` is the page, `feed_url` the stream; whoever has one of them reads the rooms until `expires_at`."""

    def __init__(self, info: LinkInfo, hub: HubAccess) -> None:
        self._info = info
        self._hub = hub

    @property
    def id(self) -> str:
        return self._info.id

    @property
    def url(self) -> str:
        return self._info.url

    @property
    def feed_url(self) -> str:
        return self._info.feed_url

    @property
    def rooms(self) -> tuple[str, ...]:
        return self._info.rooms

    @property
    def label(self) -> str:
        return self._info.label

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self._info.expires_at, UTC)

    @property
    def curl(self) -> str:
        """The line that prints the records as they come."""
        return f'curl -N "{self.feed_url}"'

    def revoke(self) -> None:
        """Ends the link now, and the streams that are open by it."""
        self._hub.revoke(self.id)

    def __repr__(self) -> str:
        lines = [
            f"page   {self.url}",
            f"feed   {self.feed_url}",
            f"shell  {self.curl}",
            f"reads  {', '.join(self.rooms)} until {self.expires_at:%Y-%m-%d %H:%M} UTC; revoke: %livedash revoke {self.id}",
        ]
        if self._info.note:
            lines.append(f"note   {self._info.note}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            ("page", f"<a href='{html.escape(self.url)}' target='_blank' rel='noopener noreferrer'>{html.escape(self.url)}</a>"),
            ("feed", f"<code>{html.escape(self.feed_url)}</code>"),
            ("shell", f"<code>{html.escape(self.curl)}</code>"),
            ("reads", html.escape(f"{', '.join(self.rooms)} until {self.expires_at:%Y-%m-%d %H:%M} UTC (id {self.id})")),
        ]
        if self._info.note:
            rows.append(("note", html.escape(self._info.note)))
        cells = "".join(
            f"<tr><td style='text-align:left;opacity:.65'>{name}</td><td style='text-align:left'>{text}</td></tr>"
            for name, text in rows
        )
        return f"<table style='font:13px system-ui,sans-serif'>{cells}</table>"
