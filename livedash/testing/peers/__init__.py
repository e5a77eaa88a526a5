"""Readers at the far end of each transport, without a socket: what a hub sends lies on a line that can be cut anywhere."""

from __future__ import annotations

from livedash.testing.peers.contract import Began, Heard, Missed, Peer, Records, State, Wish
from livedash.testing.peers.longpoll import PollPeer
from livedash.testing.peers.sse import SsePeer
from livedash.testing.peers.websocket import CommPeer, WebSocketPeer

__all__ = [
    "Began",
    "CommPeer",
    "Heard",
    "Missed",
    "Peer",
    "PollPeer",
    "Records",
    "SsePeer",
    "State",
    "WebSocketPeer",
    "Wish",
]
