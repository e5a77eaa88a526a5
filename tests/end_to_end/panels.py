"""What livedash's panels in a page say of themselves: the page's own `statistics()`, nothing read off the screen."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

PAINT_LIMIT_S = 30.0

STATISTICS = "globalThis[Symbol.for('livedash')]?.statistics()"


def statistics(page: Page) -> dict[str, Any]:
    """`transport` and `panels`; no panels while no panel's code is loaded."""
    told: dict[str, Any] | None = page.evaluate(f"() => {STATISTICS} ?? null")
    return told or {"transport": None, "panels": []}


def panels_of(page: Page, room: str) -> list[dict[str, Any]]:
    return [panel for panel in statistics(page)["panels"] if panel["room"] == room]


def painted_offset(page: Page, room: str) -> int:
    """The newest record that all panels of the room show; 0 while there is none."""
    return min((panel["painted_offset"] for panel in panels_of(page, room)), default=0)


def wait_until_painted(page: Page, room: str, offset: int, limit_s: float = PAINT_LIMIT_S) -> None:
    """Until each panel of the room shows the record at `offset` or a later one."""
    page.wait_for_function(
        f"""([room, offset]) => {{
          const panels = ({STATISTICS}?.panels ?? []).filter((panel) => panel.room === room);
          return panels.length > 0 && panels.every((panel) => panel.painted_offset >= offset);
        }}""",
        arg=[room, offset],
        timeout=limit_s * 1000,
    )
