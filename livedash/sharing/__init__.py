"""Share links: keys that read named rooms until a time; no I/O, and time and randomness are passed in."""
