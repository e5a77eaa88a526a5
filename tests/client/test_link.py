from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from livedash.client.contract import LinkInfo, LinkState
from livedash.client.link import Link, ListedLink, list_of_links

URL = "https://lab.example.org/livedash/view?key=k1"
FEED_URL = "https://lab.example.org/livedash/feed?key=k1"
EXPIRES_AT = 1_800_000_000.0  # 2027-01-15 08:00 UTC


@dataclass
class Hub:
    states: list[LinkState] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)

    def revoke(self, link_id: str) -> None:
        self.revoked.append(link_id)

    def links(self) -> list[LinkState]:
        return self.states


def link_of(hub: Any, **changes: Any) -> Link:
    given = {"rooms": ("train", "prices.*"), "label": "", "note": None, **changes}
    return Link(LinkInfo("l1", URL, FEED_URL, "k1", EXPIRES_AT, **given), hub)


def test_link_tells_its_addresses_what_it_reads_until_when_and_how_to_end_it() -> None:
    lines = repr(link_of(Hub(), label="for Ada")).splitlines()
    assert lines == [
        f"page   {URL}",
        f"feed   {FEED_URL}",
        f'shell  curl -N "{FEED_URL}"',
        "reads  train, prices.* until 2027-01-15 08:00 UTC (for Ada)",
        "end    livedash revoke l1, or %livedash revoke l1",
    ]


def test_note_says_who_can_not_open_it_and_is_left_out_where_all_can() -> None:
    note = "only this machine can open it"
    assert repr(link_of(Hub(), note=note)).splitlines()[-1] == f"note   {note}"
    assert note in link_of(Hub(), note=note)._repr_html_()
    assert "note" not in link_of(Hub())._repr_html_()


def test_notebook_shows_the_page_as_a_link_and_each_address_to_be_copied() -> None:
    shown = link_of(Hub())._repr_html_()
    assert f"<a href='{URL}' target='_blank' rel='noopener noreferrer'>" in shown
    assert f"value='{FEED_URL}'" in shown
    assert "value='curl -N &quot;https://" in shown
    assert "%livedash revoke l1" in shown


@pytest.mark.parametrize("changes", [{"label": "<script>x</script>"}, {"note": "<img src=x onerror='x'>"}])
def test_what_a_person_wrote_is_shown_as_text(changes: dict[str, str]) -> None:
    shown = link_of(Hub(), **changes)._repr_html_()
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;" in shown


def test_link_is_revoked_by_itself_and_from_the_list() -> None:
    hub = Hub([LinkState("l2", ("train",), "", EXPIRES_AT, 3)])
    link_of(hub).revoke()
    list_of_links(hub)[0].revoke()
    assert hub.revoked == ["l1", "l2"]


def test_list_shows_links_without_their_addresses() -> None:
    hub = Hub([LinkState("l2", ("train", "prices.*"), "for Ada", EXPIRES_AT, 3)])
    listing = list_of_links(hub)
    assert listing.rows() == [["l2", "train, prices.*", "for Ada", "3", "2027-01-15 08:00"]]
    assert isinstance(listing[0], ListedLink)
    assert repr(listing[0]) == "<livedash link l2 to train, prices.*, 3 viewers>"
    assert "http" not in repr(listing)


def test_empty_list_says_how_a_link_is_made() -> None:
    assert repr(list_of_links(Hub())) == "no link reads now; ld.share('train') makes one"
