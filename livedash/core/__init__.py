"""The rules of rooms, history, viewers and publishers: synchronous objects that take values and a time, and do no I/O."""
