"""For tests of livedash and of what is built on it: a manual clock and loop, a viewer without a transport, a broker in memory.

`check_broker` holds a broker of your own to what livedash asks of it.
"""

from livedash.testing.broker_contract import check_broker

__all__ = ["check_broker"]
