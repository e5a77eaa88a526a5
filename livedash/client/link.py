"""A share link in Python's hands: what its maker shows, copies and revokes."""

from __future__ import annotations

import html
from datetime import UTC, datetime

from livedash.client.contract import HubAccess, LinkInfo, LinkState
from livedash.client.listing import Listing

_LINK = "<a href='{0}' target='_blank' rel='noopener noreferrer'>open</a>"
_FIELD = (  # a field that selects itself when it is clicked, so that one key copies it
    "<input readonly value='{0}' onclick='this.select()' size='{1}' "
    "style='font:12px ui-monospace,monospace;border:1px solid #8886;border-radius:3px;padding:1px 4px;"
    "background:transparent;color:inherit;max-width:100%'>"
)
_FIELD_CHARACTERS = 110  # a curl line on this machine; a longer one scrolls


class Link:
    """`url` is the page, `feed_url` the stream; whoever has one of them reads the rooms until `expires_at`."""

    def __init__(self, info: LinkInfo, hub: HubAccess) -> None:
        self.id = info.id
        self.url = info.url
        self.feed_url = info.feed_url
        self.rooms = info.rooms
        self.label = info.label
        self.note = info.note  # who can't open it and how to change that, None where nothing speaks against it
        self.expires_at = datetime.fromtimestamp(info.expires_at, UTC)
        self._hub = hub

    @property
    def curl(self) -> str:
        """The line that prints the records as they come."""
        return f'curl -N "{self.feed_url}"'

    def revoke(self) -> None:
        """Ends the link now, and the streams that are open by it. Raises NotFoundError where it has ended already."""
        self._hub.revoke(self.id)

    @property
    def _reads(self) -> str:
        label = f" ({self.label})" if self.label else ""
        return f"{', '.join(self.rooms)} until {self.expires_at:%Y-%m-%d %H:%M} UTC{label}"

    def __repr__(self) -> str:
        lines = [
            f"page   {self.url}",
            f"feed   {self.feed_url}",
            f"shell  {self.curl}",
            f"reads  {self._reads}",
            f"end    livedash revoke {self.id}, or %livedash revoke {self.id}",
        ]
        return "\n".join([*lines, f"note   {self.note}"] if self.note else lines)

    def _repr_html_(self) -> str:
        rows = [
            ("page", f"{_field(self.url)} {_LINK.format(html.escape(self.url, quote=True))}"),
            ("feed", _field(self.feed_url)),
            ("shell", _field(self.curl)),
            ("reads", html.escape(self._reads)),
            ("end", f"<code>%livedash revoke {html.escape(self.id)}</code>"),
        ]
        if self.note:
            rows.append(("note", html.escape(self.note)))
        cells = "".join(
            f"<tr><td style='text-align:left;opacity:.65'>{name}</td><td style='text-align:left'>{text}</td></tr>"
            for name, text in rows
        )
        return f"<table style='font:13px system-ui,sans-serif'>{cells}</table>"


class ListedLink:
    """A link that still reads, without its URLs: they are shown once, to who makes it."""

    def __init__(self, state: LinkState, hub: HubAccess) -> None:
        self.id = state.id
        self.rooms = state.rooms
        self.label = state.label
        self.viewers = state.viewers
        self.expires_at = datetime.fromtimestamp(state.expires_at, UTC)
        self._hub = hub

    def __repr__(self) -> str:
        return f"<livedash link {self.id} to {', '.join(self.rooms)}, {self.viewers} viewers>"

    def revoke(self) -> None:
        """Ends the link now, and the streams that are open by it. Raises NotFoundError where it has ended already."""
        self._hub.revoke(self.id)


def list_of_links(hub: HubAccess) -> Listing[ListedLink]:
    return Listing(
        [ListedLink(state, hub) for state in hub.links()],
        {
            "link": lambda link: link.id,
            "rooms": lambda link: ", ".join(link.rooms),
            "label": lambda link: link.label,
            "viewers": lambda link: link.viewers,
            "until (UTC)": lambda link: f"{link.expires_at:%Y-%m-%d %H:%M}",
        },
        "no link reads now; ld.share('train') makes one",
    )


def _field(text: str) -> str:
    return _FIELD.format(html.escape(text, quote=True), min(len(text), _FIELD_CHARACTERS))
