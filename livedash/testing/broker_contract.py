"""What each broker is held to, sentence by sentence of livedash.brokers.contract: check by check, or all at once.

A check opens connections of its own and begins a generation of its own, so that one broker serves them all; no hub may use it
meanwhile. What is wrong raises AssertionError.
"""

from __future__ import annotations

from typing import Final

from livedash.testing import broker_log_checks as log
from livedash.testing import broker_shelf_checks as shelves
from livedash.testing.two_hubs import Check, OpenBroker

CHECKS: Final[tuple[Check, ...]] = (
    log.entries_are_read_in_one_order_on_all_connections,
    log.a_read_goes_on_after_any_mark,
    log.a_read_waits_for_what_comes,
    log.a_read_that_finds_nothing_says_so,
    log.entries_may_be_large_and_hold_any_byte,
    log.an_append_to_what_is_over_takes_nothing,
    log.who_reads_hears_at_once_that_the_generation_is_over,
    log.a_mark_is_found_unless_it_was_trimmed,
    log.a_read_from_before_what_was_trimmed_is_no_hole,
    log.a_log_may_be_trimmed_to_its_last_entry,
    shelves.one_of_two_hubs_begins,
    shelves.what_stands_is_settled_and_nothing_else,
    shelves.what_is_over_has_no_shelves,
    shelves.a_shelf_holds_what_was_put,
    shelves.shelves_take_any_name_and_any_byte,
    shelves.shelves_take_large_values_and_smaller_ones_in_their_place,
    shelves.there_may_be_a_thousand_shelves,
    shelves.nodes_hear_of_each_other_until_they_leave_or_are_silent,
    shelves.a_lease_is_one_hubs_until_it_runs_out,
    shelves.a_connection_is_closed_and_made_again,
)


async def check_broker(open_broker: OpenBroker) -> None:
    """All checks. `open_broker` gives another connection to the same broker each time, which is not connected yet."""
    for check in CHECKS:
        await check(open_broker)
