"""This process's one connection to livedash: which hub it uses, its publisher, and its background thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from livedash.client.contract import Connector, HubAccess
from livedash.client.discovery import find_endpoint, is_kernel
from livedash.client.embedded import EmbeddedHub
from livedash.client.endpoint import Endpoint
from livedash.client.last_flush import LastFlush
from livedash.client.loop_thread import LoopThread
from livedash.client.publisher import Publisher
from livedash.client.remote import RemoteHub
from livedash.client.websocket_channel import WebSocketConnector


@dataclass(frozen=True, slots=True)
class Found:
    """A hub: how to ask it, how to publish to it, and whether this kernel's own pages reach it by their server."""

    access: HubAccess
    connector: Connector
    endpoint: Endpoint | None  # None: the hub inside this process

    @property
    def is_jupyter(self) -> bool:
        return self.endpoint is not None and self.endpoint.is_jupyter


class Process:
    """Finds its hub when it first needs one, and again after each loss of the connection, unless one was named."""

    def __init__(self) -> None:
        self.thread = LoopThread()
        self.publisher = Publisher(
            self.thread,
            lambda: self._look().connector,
            on_start=self._on_first_record,
            on_late=self._on_late_record,
        )
        self._last_flush = LastFlush(self.publisher, is_kernel=is_kernel, is_hub_inside=self._is_hub_inside)
        self._lock = threading.Lock()
        self._named: Endpoint | None = None
        self._found: Found | None = None
        self._embedded: EmbeddedHub | None = None

    def use(self, endpoint: Endpoint | None) -> None:
        """Publishes to this hub from now on; None: looks for one again."""
        with self._lock:
            self._named = endpoint
            self._found = None
        self.publisher.reconnect()

    def leave(self, endpoint: Endpoint) -> None:
        """Uses this hub no more: it has ended."""
        if self._named == endpoint:
            self.use(None)

    def hub(self) -> Found:
        """The hub in use; looked for if there is none yet."""
        return self._found or self._look()

    def embedded(self) -> EmbeddedHub | None:
        """The hub inside this process, where that is the one in use."""
        found = self.hub()
        return self._embedded if found.endpoint is None else None

    def at_exit(self, call: Callable[[], None]) -> None:
        """Once what was pushed has been delivered."""
        self._last_flush.then(call)

    def _look(self) -> Found:
        """A hub in this process stays: it holds records. It is left only for one that was named.

        A hub that was found and does not answer now is still the one: it may be busy, or come back. The caller's thread
        and the sender's may look at once; nothing is waited for under the lock.
        """
        found, named = self._found, self._named
        if named is None and found is not None and found.endpoint is None:
            return found
        endpoint = named or find_endpoint() or (found.endpoint if found else None)
        with self._lock:
            if self._named != named and self._found is not None:
                return self._found  # another one was named meanwhile
            if endpoint is None:
                self._embedded = self._embedded or EmbeddedHub(self.thread)
                self._found = Found(self._embedded, self._embedded, None)
            elif self._found is None or self._found.endpoint != endpoint:
                self._found = Found(RemoteHub(endpoint), WebSocketConnector(endpoint), endpoint)
            return self._found

    def end(self) -> None:
        """The interpreter ends. What is pushed from now on is flushed by its own push: no later moment comes."""
        self._last_flush.run()

    def _on_first_record(self) -> None:
        self._last_flush.begin_process()

    def _on_late_record(self) -> None:
        self._last_flush.run()

    def begin_child(self) -> None:
        """In a forked child: a thread of the parent's may have held the lock."""
        self._lock = threading.Lock()
        self._last_flush.begin_child()

    def _is_hub_inside(self) -> bool:
        return self._found is not None and self._found.endpoint is None


PROCESS = Process()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=PROCESS.begin_child)
