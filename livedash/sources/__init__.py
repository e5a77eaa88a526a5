"""What produces records by itself: one file a kind; each runs in the background until it is stopped or the process ends."""

from livedash.sources.replay import replay
from livedash.sources.system import system

__all__ = ["replay", "system"]
