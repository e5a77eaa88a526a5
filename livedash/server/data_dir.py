"""The rooms of a server on disk, where it has a data directory; without one they end with the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from livedash import clock, limits
from livedash.core.hub import Hub
from livedash.errors import LivedashError, SettingRefusedError
from livedash.server.config import ServerConfig
from livedash.store.contract import StoreState
from livedash.store.keeper import Keeper
from livedash.store.sqlite import SqliteStore

log = logging.getLogger("livedash")
_LEAST_BYTES = 4 * limits.STORE_LOG_BYTES


class DataDir:
    """Opened once, before anybody is answered. Made and used on the hub's loop, but for `finish`."""

    def __init__(
        self, config: ServerConfig, hub: Hub, loop: asyncio.AbstractEventLoop, new_id: Callable[[], str]
    ) -> None:
        self._folder = Path(config.data_dir).expanduser() if config.data_dir else None
        self._bound_bytes = config.data_dir_bytes
        self._hub = hub
        self._loop = loop
        self._new_id = new_id
        self._keeper: Keeper | None = None
        self._refusal: str | None = None
        self._opened = asyncio.Event()
        if self._folder is None:
            self._opened.set()

    @property
    def is_open(self) -> bool:
        """False while rooms are read from disk."""
        return self._opened.is_set()

    async def wait_until_open(self) -> None:
        await self._opened.wait()

    async def open(self) -> None:
        """The hub has what was kept. Raises SettingRefusedError where the directory can't be used."""
        try:
            if self._folder is not None:
                await self._open(self._folder)
        finally:
            self._opened.set()

    async def open_or_go_on(self) -> None:
        """As `open`; where the directory can't be used, the hub goes on in memory, and says so."""
        try:
            await self.open()
        except LivedashError as error:
            self._refusal = error.message
            log.warning("rooms are not kept on disk: %s", error.message)

    def state(self) -> StoreState | None:
        """None without a data directory."""
        if self._keeper is not None:
            return self._keeper.state()
        return StoreState("failing", str(self._folder), 0, 0, self._refusal) if self._refusal else None

    def why_not_kept(self) -> str | None:
        """None where all is as it should be."""
        state = self.state()
        return None if state is None or state.reason is None else f"rooms are not kept on disk: {state.reason}"

    async def close(self) -> None:
        """The hub takes nothing more, and all that it had is on disk."""
        self.detach()
        if self._keeper is not None:
            await asyncio.to_thread(self.finish)

    def detach(self) -> None:
        if self._keeper is not None:
            self._keeper.detach()

    def finish(self) -> None:
        """After `detach`, on any thread; waits for the disk."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.finish()

    async def _open(self, folder: Path) -> None:
        if self._bound_bytes < _LEAST_BYTES:
            raise SettingRefusedError(
                f"a data directory of {self._bound_bytes} bytes is too small; give {_LEAST_BYTES} or more"
            )
        keeper = Keeper(SqliteStore(folder, self._bound_bytes), self._hub, self._loop, self._new_id)
        try:
            await keeper.open(clock.now_us())
        except OSError as error:
            raise SettingRefusedError(f"rooms can't be kept in {folder}: {error}") from error
        self._keeper = keeper
