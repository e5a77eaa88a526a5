"""Keeping a hub's rooms on disk, beside its loop; what a hub tells is declared in core, by livedash.core.journal."""
