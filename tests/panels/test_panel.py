from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from livedash.client.endpoint import Endpoint, endpoint_of_socket
from livedash.client.process import Found, Process
from livedash.client.remote import RemoteHub
from livedash.client.websocket_channel import WebSocketConnector
from livedash.errors import SettingRefusedError, UnreachableError
from livedash.panels.grid import dashboard_spec
from livedash.panels.panel import Panel
from livedash.wire.specs import MIME_TYPE
from tests.shape.notebook_run import run_notebook

VIEW = "application/vnd.jupyter.widget-view+json"


def use(process: Process, endpoint: Endpoint) -> None:
    process._found = Found(RemoteHub(endpoint), WebSocketConnector(endpoint), endpoint)


@pytest.fixture
def panel(process: Process) -> Panel:
    return Panel(dashboard_spec([["train", "lab.*"]]), process)


def test_output_of_a_panel_whose_hub_is_in_the_kernel_has_no_renderer_s_type(panel: Panel) -> None:
    assert set(panel._repr_mimebundle_()) == {VIEW, "text/html", "text/plain"}


def test_output_of_a_panel_whose_hub_is_jupyter_s_is_drawn_without_the_kernel_and_names_no_address(
    process: Process,
) -> None:
    use(process, endpoint_of_socket("/run/secret.sock"))
    bundle = Panel(dashboard_spec("train"), process)._repr_mimebundle_()
    assert list(bundle[MIME_TYPE]["rows"][0][0]["rooms"]) == ["train"]
    assert "secret" not in str(bundle)


def test_output_of_a_panel_whose_hub_is_elsewhere_is_fed_by_the_comm_and_names_no_address(process: Process) -> None:
    use(process, Endpoint("http://127.0.0.1:9/livedash/", token="secret"))
    panel = Panel(dashboard_spec("train"), process)
    bundle = panel._repr_mimebundle_()
    assert MIME_TYPE not in bundle
    assert not any(word in str(bundle) + str(panel.widget.get_state()) for word in ("secret", "127.0.0.1:9"))
    panel.widget.close()


def test_panel_is_one_widget_however_often_it_is_shown(panel: Panel) -> None:
    assert panel.widget is panel.widget
    assert panel._repr_mimebundle_()[VIEW]["model_id"] == panel.widget.model_id


def test_repr_names_the_rooms(panel: Panel) -> None:
    assert repr(panel) == "<livedash panel of train, lab.*>"
    assert panel.rooms == ("train", "lab.*")


@pytest.mark.parametrize("name", ["page.html", "PAGE.HTM"])
def test_page_can_not_be_saved_and_the_error_says_what_can(panel: Panel, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingRefusedError, match="share"):
        panel.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_panel_of_a_hub_inside_the_process_can_not_be_shared_and_the_error_says_how(panel: Panel) -> None:
    with pytest.raises(UnreachableError, match=r"ld\.serve\(\)"):
        panel.share()


SHOWN = {
    "import livedash as ld\nld.show('train')": 1,
    "p = ld.show('train')": 1,
    "ld.show('train');": 1,
    "for name in ('a', 'b'):\n    ld.show(name)": 2,
    "p": 1,
    "p.show()": 1,
    "p.show()\np": 2,
    "q = ld.line('train', 'loss')": 0,
    "q": 1,
    "display(q)": 1,
    "%load_ext livedash": 0,
    "%livedash show train": 1,
}


def test_in_a_kernel_a_panel_is_shown_as_often_as_it_is_asked_for(tmp_path: Path) -> None:
    """In particular `ld.show` as a last expression is not shown twice."""
    v4: Any = nbformat.v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in SHOWN])
    cells = run_notebook(notebook, tmp_path, {}).cells
    outputs = {cell.source: [output for output in cell.outputs if output.output_type != "stream"] for cell in cells}
    assert {source: len(shown) for source, shown in outputs.items()} == SHOWN
    assert all(VIEW in output.data and "text/html" in output.data for shown in outputs.values() for output in shown)
    assert [output.text for cell in cells for output in cell.outputs if output.output_type == "stream"] == []
