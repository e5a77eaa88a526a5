// The log: records as lines of text, the newest at the end; scrolling up stops the following. A click on a line shows the whole record.
import type { View, ViewContext } from "./contract.ts";
import { Detail } from "./detail.ts";
import { pushedAt, textAt, wholeRecord } from "./record.ts";
import { Rows } from "./rows.ts";
import type { RollingWindow } from "./window.ts";

const DEFAULT_HEIGHT = 240;
const LINE_PX = 20;
const EVERY_MS = 50;
const MESSAGE_FIELDS = ["message", "msg", "text", "line"];
const LEVEL_FIELDS = ["level", "levelname", "severity"];

export function logView(context: ViewContext): View {
  return new LogView(context);
}

class LogView implements View {
  readonly element = document.createElement("div");
  readonly everyMs = EVERY_MS;
  private readonly rows: Rows;
  private readonly detail = new Detail();
  private window: RollingWindow | null = null;
  private revision = -1;

  constructor(private readonly context: ViewContext) {
    this.element.className = "ld-lines";
    this.rows = new Rows({
      heightPx: context.spec.height ?? DEFAULT_HEIGHT,
      rowPx: LINE_PX,
      newest: "last",
      newRow: () => this.newLine(),
      fill: (element, row) => this.fill(element, row),
      onScroll: () => this.paint(),
    });
    this.rows.element.setAttribute("role", "log");
    this.rows.element.style.height = this.rows.element.style.maxHeight;
    this.element.append(this.rows.element, this.rows.followButton, this.detail.element);
  }

  paint(): void {
    const window = [...this.context.feed.windows.values()].find(({ length }) => length > 0);
    if (!window) return;
    if (window !== this.window || window.revision !== this.revision) this.rows.reset();
    this.window = window;
    this.revision = window.revision;
    this.rows.paintByTime(window);
  }

  resize(): void {
    // Lines are as wide as their text.
  }

  themed(): void {
    // Colours are CSS variables.
  }

  dispose(): void {
    this.rows.reset();
  }

  private newLine(): HTMLElement {
    const element = document.createElement("div");
    for (const name of ["time", "em", "span"]) {
      const part = document.createElement(name);
      part.append(document.createTextNode(""));
      element.append(part);
    }
    element.onclick = () => {
      const row = Number(element.dataset.row);
      if (this.window && row >= this.window.firstRow) this.detail.show(wholeRecord(this.window, row));
    };
    return element;
  }

  private fill(element: HTMLElement, row: number): void {
    const window = this.window!;
    if (element.dataset.row === String(row)) return; // records never change
    element.dataset.row = String(row);
    const [time, level, text] = lineOf(window, row, this.context.spec.fields, Date.now());
    element.dataset.level = levelOf(level);
    [time, level.toUpperCase(), text].forEach((part, at) => {
      (element.children[at]!.firstChild as Text).data = part;
    });
  }
}

/** Time, level and text of a record. Line ends are marked, since a line is a line here. */
export function lineOf(window: RollingWindow, row: number, fields: readonly string[] | null, nowMs: number): [string, string, string] {
  const level = firstOf(window, LEVEL_FIELDS, row);
  const message = fields ? null : firstOf(window, MESSAGE_FIELDS, row);
  const used = new Set([level?.name, message?.name]);
  const rest = (fields ?? [...window.fields.keys()]).filter((name) => !used.has(name));
  const pairs = rest.map((name) => [name, textAt(window, name, row)] as const).filter(([, text]) => text !== "");
  const parts = [message?.text, ...pairs.map(([name, text]) => (fields?.length === 1 ? text : `${name}=${text}`))];
  const text = parts.filter(Boolean).join("  ").replaceAll(/\r?\n/g, " ⏎ ");
  return [pushedAt(window, row, nowMs), level?.text ?? "", text];
}

function firstOf(window: RollingWindow, names: readonly string[], row: number): { name: string; text: string } | null {
  for (const name of names) {
    const text = textAt(window, name, row);
    if (text !== "") return { name, text };
  }
  return null;
}

export function levelOf(text: string): "error" | "warning" | "info" {
  const level = text.toLowerCase();
  if (/^(?:err|crit|fatal)/.test(level) || Number(level) >= 40) return "error"; // Python's levels as numbers, too
  return level.startsWith("warn") || Number(level) >= 30 ? "warning" : "info";
}
