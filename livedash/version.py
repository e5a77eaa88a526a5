"""The version of livedash; the build reads it here."""

__version__ = "0.1.0"
