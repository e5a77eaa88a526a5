"""What produces records by itself: one file a kind; each runs in the background until it is stopped or the process
ends.
"""

from livedash.sources.replay import replay
from livedash.sources.running import running_sources as running
from livedash.sources.running import stop_all
from livedash.sources.system import system

__all__ = ["replay", "running", "stop_all", "system"]
