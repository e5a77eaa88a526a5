"""For tests of livedash and of what is built on it: a clock that is moved by hand, and a viewer without a transport."""
