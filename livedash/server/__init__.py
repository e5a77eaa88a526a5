"""The hub's HTTP side: routes, callers, pages and life, the same in `livedash serve` and in a Jupyter server."""
