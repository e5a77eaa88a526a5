from __future__ import annotations

from livedash.client.listing import Listing, as_table

COLUMNS = {"name": str.upper, "length": len}


def test_list_shows_itself_as_a_table_and_stays_a_list() -> None:
    listing = Listing(["ada", "grace hopper"], COLUMNS, "nobody")
    assert listing == ["ada", "grace hopper"]
    assert listing[1] == "grace hopper"
    assert listing.rows() == [["ADA", "3"], ["GRACE HOPPER", "12"]]
    assert repr(listing) == "name          length\nADA           3\nGRACE HOPPER  12"


def test_empty_list_says_what_would_fill_it() -> None:
    assert repr(Listing([], COLUMNS, "nobody is here yet")) == "nobody is here yet"


def test_columns_are_as_wide_as_their_widest_text_and_lines_end_without_spaces() -> None:
    assert as_table(["a", "heading"], [["long text", ""], ["", "x"]]) == "a          heading\nlong text\n           x"
