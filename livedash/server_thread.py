"""`ld.serve()`: a hub with a server on this process's background thread."""

from __future__ import annotations

from livedash.client.loop_thread import LoopThread
from livedash.server.lifecycle import RunningServer, ServeOptions, start


class ServerHandle:
    """A server that runs until `stop()` or the end of the process."""

    def __init__(self, thread: LoopThread, running: RunningServer) -> None:
        self._thread = thread
        self._running = running

    @property
    def url(self) -> str:
        """Of `…/livedash/`."""
        return self._running.url

    @property
    def token(self) -> str:
        return self._running.token

    @property
    def view_url(self) -> str:
        """The page of its owner, with the token: not for others; share by `ld.share`."""
        return f"{self.url}view?key={self.token}"

    def stop(self) -> None:
        """Sends viewers away and ends the server."""
        self._thread.run(self._running.drain(), self._running.services.config.drain_s + 5)

    def __repr__(self) -> str:
        return f"<livedash server at {self.url}>"


def start_in_thread(thread: LoopThread, options: ServeOptions) -> ServerHandle:
    """Raises SettingRefusedError where the port is taken."""
    return ServerHandle(thread, thread.run(start(options)))
