"""JupyterLab and Notebook 7: a server that shares nothing with the user's own, and a notebook driven through the app.

Clicks and keys are lost while a page still settles, so no cell is clicked here: the server exposes the application in
the page as `window.jupyterapp`, and cells run by its own command once the kernel is connected and idle.
"""

from __future__ import annotations

import contextlib
import enum
import json
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nbformat
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.end_to_end.processes import LOG_CHARACTERS, Running, free_port, start

START_LIMIT_S = 60.0
READY_LIMIT_S = 60.0
TAKEN_LIMIT_S = 5.0  # a run that is taken changes the prompt within milliseconds
RUN_TRIES = 5
AWKWARD_BASE_URL = "/a%40b/"  # a prefix that is quoted: whoever joins or unquotes URLs by hand fails


class Front(enum.Enum):
    LAB = "lab"
    NOTEBOOK = "notebook"

    @property
    def module(self) -> str:
        """What `python -m` starts."""
        return {Front.LAB: "jupyterlab", Front.NOTEBOOK: "notebook"}[self]

    @property
    def application(self) -> str:
        """The class whose traits configure it."""
        return {Front.LAB: "LabApp", Front.NOTEBOOK: "JupyterNotebookApp"}[self]

    @property
    def notebook_path(self) -> str:
        """Where its notebook pages lie below the base URL."""
        return {Front.LAB: "lab/tree", Front.NOTEBOOK: "notebooks"}[self]


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Code cells for the Python that runs the server."""
    v4: Any = nbformat.v4
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel})
    path.write_text(v4.writes(notebook))


class JupyterServer:
    """A server on 127.0.0.1 with a token that serves `folder`; its configuration, data and sockets lie in `home`.

    `port` is where it listens. A browser that comes by a proxy is given `origin_port`, the proxy's port. `extra` is
    added to the environment, which kernels inherit; `settings` are its traits ("LiveDash.public_url": "…").
    """

    def __init__(
        self,
        front: Front,
        folder: Path,
        home: Path,
        *,
        base_url: str = AWKWARD_BASE_URL,
        settings: Mapping[str, object] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.front, self.folder, self.home, self.base_url = front, folder, home, base_url
        self.port, self.token = free_port(), secrets.token_hex(16)
        self._settings, self._extra = dict(settings or {}), dict(extra or {})
        self._running: Running | None = None

    @property
    def process(self) -> Running:
        if self._running is None:
            raise RuntimeError("the server is not running; enter its context first")
        return self._running

    def url(self, path: str = "", *, origin_port: int | None = None) -> str:
        return f"http://127.0.0.1:{origin_port or self.port}{self.base_url}{path}"

    def notebook_url(self, name: str, *, origin_port: int | None = None) -> str:
        """The page of a notebook, with the token; in JupyterLab in an empty workspace."""
        reset = "&reset" if self.front is Front.LAB else ""
        path = f"{self.front.notebook_path}/{name}?token={self.token}{reset}"
        return self.url(path, origin_port=origin_port)

    def request(self, path: str, *, method: str = "GET", body: object = None) -> Any:
        """What the server answers, as JSON, to a caller who sends its token."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url(path), method=method, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=READY_LIMIT_S) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        self._write_settings()
        self._running = start(
            self._command(), log_path=self.home / "server.log", folder=self.folder, extra=self._environment()
        )
        try:
            self._running.wait_until(self._answers, START_LIMIT_S, f"{self.front.module} answers on port {self.port}")
        except BaseException:
            self._running.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(f"the Jupyter server wrote: {self.process.log()[-LOG_CHARACTERS:]}")
        self.process.end()

    def _command(self) -> list[str]:
        traits = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.base_url": self.base_url,
            "ServerApp.root_dir": self.folder,
            "IdentityProvider.token": self.token,
            f"{self.front.application}.expose_app_in_browser": True,
            **self._settings,
        }
        given = [f"--{name}={value}" for name, value in traits.items()]
        return [sys.executable, "-m", self.front.module, "--no-browser", "--allow-root", *given]

    def _environment(self) -> dict[str, str]:
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "lab-settings",
            "JUPYTERLAB_WORKSPACES_DIR": "lab-workspaces",
            "IPYTHONDIR": "ipython",
        }
        return {**{name: str(self.home / folder) for name, folder in folders.items()}, **self._extra}

    def _write_settings(self) -> None:
        """Neither news nor 'Build Recommended': both are dialogs that cover the page."""
        news = self.home / "lab-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        page = self.home / "config/labconfig/page_config.json"
        for path, content in (
            (news, {"fetchNews": "false", "checkForUpdates": False}),
            (page, {"buildCheck": False, "buildAvailable": False}),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))

    def _answers(self) -> bool:
        with contextlib.suppress(urllib.error.URLError, OSError):
            return bool(self.request("api")["version"])
        return False


NOTEBOOK = """(() => {
  for (const widget of window.jupyterapp?.shell?.widgets("main") ?? [])
    if (widget.content?.widgets && widget.sessionContext) return widget;
  return null;
})()"""
PROMPT = f"{NOTEBOOK}?.content.widgets[index]?.node.querySelector('.jp-InputPrompt')?.innerText ?? ''"


class NotebookPage:
    """The one notebook that a page of JupyterLab or Notebook 7 shows. Cells are counted from 0."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        """Shows the notebook and waits until its kernel is connected and idle."""
        self.page.goto(url, wait_until="domcontentloaded")
        self.wait_until_idle()

    def reload(self) -> None:
        """A browser's reload; returns with the document, long before the notebook is there. Save first, or Lab asks."""
        self.page.reload(wait_until="domcontentloaded")

    def save(self) -> None:
        """Returns when the file is written."""
        self.page.evaluate(f"async () => {{ await {NOTEBOOK}.context.save(); }}")

    def wait_until_shown(self, limit_s: float = READY_LIMIT_S) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=limit_s * 1000)

    def wait_until_idle(self, limit_s: float = READY_LIMIT_S) -> None:
        """The session is ready, its kernel connected, and no cell runs."""
        self.page.wait_for_function(
            f"""() => {{
              const notebook = {NOTEBOOK};
              const kernel = notebook?.sessionContext?.session?.kernel;
              return Boolean(notebook?.sessionContext?.isReady && notebook.content.widgets.length > 0
                && kernel?.connectionStatus === "connected" && kernel.status === "idle");
            }}""",
            timeout=limit_s * 1000,
        )

    def run_cell(self, index: int) -> None:
        """Starts a cell, and returns when its prompt shows that it was taken ([*] or [n]): it may still run."""
        before = self.prompt(index)
        for _ in range(RUN_TRIES):
            self.page.evaluate(
                f"""(index) => {{
                  const notebook = {NOTEBOOK};
                  window.jupyterapp.shell.activateById(notebook.id);
                  notebook.content.activeCellIndex = index;
                  window.jupyterapp.commands.execute("notebook:run-cell");
                }}""",
                index,
            )
            if self._is_taken(index, before):
                return
        raise RuntimeError(f"cell {index} was not taken in {RUN_TRIES} tries; its prompt is still {before!r}")

    def run_to_end(self, index: int, limit_s: float = READY_LIMIT_S) -> str:
        """Runs a cell and gives what its output shows; RuntimeError where the cell raised."""
        self.run_cell(index)
        self.wait_for_end(index, limit_s)
        if error := self.error(index):
            raise RuntimeError(f"cell {index} raised {error}")
        return self.output_text(index)

    def wait_for_end(self, index: int, limit_s: float = READY_LIMIT_S) -> None:
        """Until the cell's prompt has a number: it has ended, well or not."""
        self.page.wait_for_function(f"(index) => /[0-9]/.test({PROMPT})", arg=index, timeout=limit_s * 1000)

    def is_busy(self, index: int) -> bool:
        return "*" in self.prompt(index)

    def prompt(self, index: int) -> str:
        """'[ ]:' never run, '[*]:' waiting or running, '[3]:' done."""
        return str(self.page.evaluate(f"(index) => {PROMPT}", index)).strip()

    def error(self, index: int) -> str | None:
        """What a cell raised, as 'Name: message', or None."""
        read = f"""(index) => {{
          const outputs = {NOTEBOOK}.content.widgets[index].model.outputs.toJSON();
          const error = outputs.find((output) => output.output_type === "error");
          return error ? `${{error.ename}}: ${{error.evalue}}` : null;
        }}"""
        raised: str | None = self.page.evaluate(read, index)
        return raised

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """A cell's outputs as the notebook file has them."""
        outputs: list[dict[str, Any]] = self.page.evaluate(
            f"(index) => {NOTEBOOK}.content.widgets[index].model.outputs.toJSON()", index
        )
        return outputs

    def output_text(self, index: int) -> str:
        """What a cell's output area shows, as text."""
        area = f"{NOTEBOOK}.content.widgets[index].node.querySelector('.jp-Cell-outputWrapper')?.innerText ?? ''"
        return str(self.page.evaluate(f"(index) => {area}", index))

    def _is_taken(self, index: int, before: str) -> bool:
        try:
            self.page.wait_for_function(
                f"""([index, before]) => {{
                  const now = ({PROMPT}).trim();
                  return /[0-9*]/.test(now) && now !== before;
                }}""",
                arg=[index, before],
                timeout=TAKEN_LIMIT_S * 1000,
            )
        except PlaywrightTimeoutError:
            return self.prompt(index) != before  # a page that is kept busy answers late: never run a cell twice
        return True
