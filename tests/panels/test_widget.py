from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from livedash.client.endpoint import endpoint_of_socket
from livedash.client.process import Found, Process
from livedash.client.remote import RemoteHub
from livedash.client.websocket_channel import WebSocketConnector
from livedash.panels.grid import dashboard_spec
from livedash.panels.widget import PanelWidget, make_widget
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Delivery, Ping, Pong, Subscribed

SPEC = dashboard_spec([["train"]])
COMM_OPEN_BYTES = 5000
LIMIT_S = 10.0


class Page:
    """What a widget's comm sends to the page, decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages: list[Any] = []
        self._changed = threading.Condition()
        monkeypatch.setattr(PanelWidget, "send", self._take)

    def _take(self, content: Any, buffers: list[bytes]) -> None:
        with self._changed:
            self.messages += [MSGPACK.decode_from_hub(data) for data in buffers]
            self._changed.notify_all()

    def wait_for(self, kind: type, count: int = 1) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(kind)) >= count, LIMIT_S), self.messages
        return self.of(kind)

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


@pytest.fixture
def widget(process: Process, page: Page) -> Iterator[PanelWidget]:
    made = make_widget(SPEC, process)
    yield made
    made.close()


def test_where_no_server_is_the_records_come_by_the_comm_unasked(
    process: Process, widget: PanelWidget, page: Page
) -> None:
    assert widget.route == "comm"
    page.wait_for(Subscribed)
    process.publisher.push("train", step=1, loss=0.5)
    delivery = page.wait_for(Delivery)[-1]
    assert delivery.batch.records() == [{"step": 1, "loss": 0.5}]


def test_page_is_answered_by_the_comm(widget: PanelWidget, page: Page) -> None:
    widget._handle_custom_msg({}, [memoryview(MSGPACK.encode_from_client(Ping()))])
    assert page.wait_for(Pong)


def test_closed_widget_streams_no_more(process: Process, widget: PanelWidget, page: Page) -> None:
    page.wait_for(Subscribed)
    widget.close()
    process.thread.call(lambda: None)
    before = len(page.messages)
    process.publisher.push("train", step=1)
    assert process.publisher.flush(LIMIT_S) == 0
    process.thread.call(lambda: None)
    assert len(page.messages) == before


def test_where_jupyter_serves_the_hub_the_widget_is_a_stub_that_opens_by_less_than_5_kb(process: Process) -> None:
    endpoint = endpoint_of_socket("/nowhere")
    process._found = Found(RemoteHub(endpoint), WebSocketConnector(endpoint), endpoint)
    widget = make_widget(SPEC, process)
    state = widget.get_state()
    assert state["route"] == "server"
    assert "nowhere" not in str(state)
    assert len(msgspec.json.encode(state, enc_hook=str)) < COMM_OPEN_BYTES
    widget.close()


def test_view_bundle_names_the_widget_s_model(widget: PanelWidget) -> None:
    view = widget.view_bundle()["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == widget.model_id
