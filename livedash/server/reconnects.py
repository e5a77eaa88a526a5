"""When those who are sent away by a server that drains shall come back: so spread that its successor takes them evenly."""

from __future__ import annotations

from random import Random

from livedash import limits


def waits_s(count: int, longest_s: float, random: Random) -> list[float]:
    """One for each of `count`, in random order, up to about `longest_s`.

    They are spread as thin as limits.RECONNECTS_HZ asks for, so a few come back soon. Of many, the first ones wait for as
    long as a restart takes: who comes before it is over is refused, and then comes when its own backoff says, not its slot.
    Each has a slot of its own and a random place in it, which is more even than random waits are.
    """
    all_s = count / limits.RECONNECTS_HZ
    first_s = max(limits.RECONNECT_FIRST_S, min(limits.RESTART_S, all_s, longest_s / 2))
    spread_s = max(limits.RECONNECT_LEAST_S, min(longest_s - first_s, all_s))
    slot_s = spread_s / max(1, count)
    waits = [round(first_s + (number + random.random()) * slot_s, 3) for number in range(count)]
    random.shuffle(waits)
    return waits
