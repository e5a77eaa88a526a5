"""The vocabulary on the wire: names, positions, batches in columns, messages and codecs; no I/O."""
