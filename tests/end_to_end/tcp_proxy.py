"""A TCP proxy in a thread of its own that can pause, cut and forget what goes through it: the network as it fails."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

CHUNK_BYTES = 64 * 1024
CALL_LIMIT_S = 10.0
ACCEPT_TURNS = 10  # of the loop: more than asyncio takes from a connection to its task


class TcpProxy:
    """127.0.0.1:`port` → 127.0.0.1:`upstream_port`, while it is entered.

    `cut` resets all connections and refuses new ones; `pause` holds all bytes in both directions and keeps the
    connections, as a dead link does; `resume` ends either. `forget` lets the connections that there are carry nothing any
    more, without a word to either side, while new ones work: another address, or a router that lost its table.
    `cut_after_s`: a connection is reset when it is so old.
    """

    def __init__(self, upstream_port: int, *, port: int = 0, cut_after_s: float | None = None) -> None:
        self.upstream_port, self.port = upstream_port, port
        self._cut_after_s = cut_after_s
        self._forgotten: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._accepted = 0

    @property
    def accepted(self) -> int:
        """How many connections were taken so far."""
        return self._accepted

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._open)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_LIMIT_S)
        self._loop.close()

    def cut(self) -> None:
        self._call(self._close)

    def pause(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def forget(self) -> None:
        self._call(self._forget)

    def resume(self) -> None:
        self._call(self._open)

    def _call(self, step: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await step()

        future: Future[None] = asyncio.run_coroutine_threadsafe(run(), self._loop)
        future.result(CALL_LIMIT_S)

    async def _open(self) -> None:
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            for listening in self._server.sockets:
                self._loop.remove_reader(listening.fileno())
            for _ in range(ACCEPT_TURNS):  # what is being accepted when its server closes is never closed by asyncio
                await asyncio.sleep(0)
            self._server.close()
            self._server = None
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _forget(self) -> None:
        self._forgotten |= self._connections

    async def _serve(self, near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self._accepted += 1
        writers = [near_writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
            writers.append(far_writer)
            async with asyncio.timeout(self._cut_after_s), asyncio.TaskGroup() as group:
                group.create_task(self._carry(near_reader, far_writer, task))
                group.create_task(self._carry(far_reader, near_writer, task))
        except* TimeoutError:
            for writer in writers:
                _reset_at_close(writer)
        except* OSError:
            pass  # either side has gone: so does the other, below
        except* asyncio.CancelledError:
            for writer in writers:
                _reset_at_close(writer)
        finally:
            self._connections.discard(task)
            self._forgotten.discard(task)
            for writer in writers:
                writer.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: asyncio.Task[None]
    ) -> None:
        while True:
            chunk = await reader.read(CHUNK_BYTES)
            await self._flowing.wait()
            if connection in self._forgotten:
                await asyncio.Event().wait()  # until the proxy ends
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


def _reset_at_close(writer: asyncio.StreamWriter) -> None:
    """The peer sees a reset, not an end: a cut is no goodbye."""
    on_without_waiting = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_without_waiting)
