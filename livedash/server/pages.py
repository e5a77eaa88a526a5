"""The HTML of the `view` page: a shell that loads the front end and hands it what to show."""

from __future__ import annotations

import html
import json
from typing import Any

import msgspec

from livedash.server.static_files import front_end_version
from livedash.wire.specs import DashboardSpec

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="livedash"></div>
<noscript>This page draws live charts in the browser: please allow JavaScript for it.</noscript>
<script type="application/json" id="livedash-page">{content}</script>
<script type="module" src="{base}static/page.js?v={version}"></script>
</body>
</html>
"""
_ERROR_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>livedash</title>
<link rel="icon" href="data:,">
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif; }}
p {{ max-width: 32em; margin: 24px; }}
</style>
</head>
<body><p>{message}</p></body>
</html>
"""


def error_page(message: str) -> str:
    """For a person whose browser asked for a page."""
    sentence = message[:1].upper() + message[1:]
    return _ERROR_PAGE.format(message=html.escape(sentence if sentence.endswith(".") else f"{sentence}."))


def view_page(spec: DashboardSpec, *, base_path: str, key: str | None, expires_at_s: float | None, title: str) -> str:
    """`base_path` is the path of `…/livedash/`; the page builds its URLs on its own origin."""
    content: dict[str, Any] = {
        "spec": msgspec.to_builtins(spec),
        "base": base_path,
        "key": key,
        "title": title,
        "expires_at": expires_at_s,
    }
    return _PAGE.format(
        title=html.escape(title),
        content=_script_json(content),
        base=html.escape(base_path),
        version=front_end_version(),
    )


def _script_json(content: Any) -> str:
    """A text in it must not end the script element, nor open a comment (HTML 4.12.1.3)."""
    return json.dumps(content).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def content_security_policy(frame_ancestors: tuple[str, ...]) -> str:
    """Own origin only. plotly.js sets styles by attribute and draws into blob and data images."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws: wss:",
            "worker-src 'self' blob:",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {' '.join(frame_ancestors)}",
        )
    )
