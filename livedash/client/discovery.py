"""Which hub a process publishes to, when nobody says: the order of DESIGN 3.6."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from livedash.client.endpoint import Endpoint, endpoint_of_environment, endpoint_of_socket, endpoint_of_url
from livedash.client.http import request
from livedash.errors import LivedashError

SOCKET_VARIABLE: Final = "LIVEDASH_SOCKET"
_PARENT_VARIABLE: Final = "JPY_PARENT_PID"
_PROBE_S: Final = 2.0


def is_kernel() -> bool:
    """True inside a Jupyter kernel. A script that a kernel or a Jupyter terminal started is none."""
    interactive = sys.modules.get("IPython")
    if interactive is None or "ipykernel" not in sys.modules:
        return False
    shell = interactive.get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def find_endpoint(environment: Mapping[str, str] = os.environ) -> Endpoint | None:
    """The hub of LIVEDASH_URL; in a kernel else that of its own Jupyter server; None: there is none."""
    named = endpoint_of_environment(environment)
    if named is not None:
        return named
    parent = environment.get(_PARENT_VARIABLE, "")
    if not parent.isdigit() or not is_kernel():
        return None
    return _socket_of_server(environment, int(parent)) or _running_server_of_this_kernel()


def _socket_of_server(environment: Mapping[str, str], parent_pid: int) -> Endpoint | None:
    paths = [environment.get(SOCKET_VARIABLE), str(_runtime_folder() / f"livedash-{parent_pid}.sock")]
    for path in dict.fromkeys(paths):
        if path and _is_hub_of(path, parent_pid):
            return endpoint_of_socket(path)
    return None


def _is_hub_of(path: str, parent_pid: int) -> bool:
    """The variable may come from another Jupyter, by inheritance: only the socket of the kernel's own server counts."""
    if not Path(path).exists():
        return False
    try:
        answer = request(endpoint_of_socket(path), "GET", "health/live", timeout_s=_PROBE_S)
    except LivedashError:
        return False
    return bool(answer.json().get("pid") == parent_pid)


def _runtime_folder() -> Path:
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir())


def _running_server_of_this_kernel() -> Endpoint | None:
    """A kernel that was started another way, such as by a server whose socket it can't reach."""
    kernel_id = _kernel_id()
    if kernel_id is None:
        return None
    for file in sorted(_runtime_folder().glob("jpserver-*.json")):
        endpoint = _endpoint_of_server_file(file)
        if endpoint is not None and _runs_kernel(endpoint, kernel_id):
            return endpoint
    return None


def _endpoint_of_server_file(file: Path) -> Endpoint | None:
    try:
        server: dict[str, Any] = json.loads(file.read_text())
        endpoint = endpoint_of_url(server["url"], server.get("token") or None)
    except (OSError, ValueError, KeyError):
        return None
    return Endpoint(endpoint.base_url, endpoint.token, is_jupyter=True)


def _runs_kernel(endpoint: Endpoint, kernel_id: str) -> bool:
    try:
        server = replace(endpoint, base_url=endpoint.base_url.removesuffix("livedash/"))
        sessions = request(server, "GET", "api/sessions", timeout_s=_PROBE_S).json()
        request(endpoint, "GET", "health/live", timeout_s=_PROBE_S)
    except (LivedashError, ValueError):
        return False
    return any(session.get("kernel", {}).get("id") == kernel_id for session in sessions)


def _kernel_id() -> str | None:
    """From the connection file's name, `kernel-<id>.json`."""
    from ipykernel.connect import get_connection_file

    try:
        stem = Path(get_connection_file()).stem
    except RuntimeError:
        return None
    return stem.removeprefix("kernel-")
