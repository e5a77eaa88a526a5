// The log: records as lines of text, the newest at the end; scrolling up stops the following, scrolling down begins it again.
import type { View, ViewContext } from "./contract.ts";
import { formatTime, formatValue } from "./format.ts";
import { valueAt } from "./table.ts";
import type { RollingWindow } from "./window.ts";

const MAX_LINES = 500;
const EVERY_MS = 100;
const MESSAGE_FIELDS = ["message", "msg", "text", "line"];
const LEVEL_FIELDS = ["level", "levelname", "severity"];
const NEAR_END_PX = 8;

export function logView(context: ViewContext): View {
  return new LogView(context);
}

class LogView implements View {
  readonly element = document.createElement("div");
  readonly everyMs = EVERY_MS;
  private shown = 0; // the offset of the last line
  private epoch = "";

  constructor(private readonly context: ViewContext) {
    this.element.className = "ld-scroll ld-log";
    this.element.setAttribute("role", "log");
    this.element.style.height = `${context.spec.height ?? 240}px`;
  }

  paint(): void {
    const window = this.context.feed.windows.values().next().value;
    if (!window) return;
    const { element } = this;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    if (this.epoch !== window.epoch || window.offset < this.shown) {
      element.replaceChildren();
      this.shown = 0;
      this.epoch = window.epoch;
    }
    const fresh = Math.min(window.offset - this.shown, window.length, MAX_LINES);
    for (let row = window.end - fresh; row < window.end; row++) element.append(this.line(window, row));
    while (element.childElementCount > MAX_LINES) element.firstElementChild!.remove();
    this.shown = window.offset;
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  }

  resize(): void {
    // Lines wrap by themselves.
  }

  themed(): void {
    // Colours are CSS variables.
  }

  dispose(): void {
    this.element.replaceChildren();
  }

  private line(window: RollingWindow, row: number): HTMLElement {
    const line = document.createElement("div");
    const time = document.createElement("span");
    time.textContent = formatTime(window.times[row]! * 1000).slice(11);
    const level = firstOf(window, LEVEL_FIELDS, row);
    if (level) line.dataset.level = levelOf(String(level));
    line.append(time, this.text(window, row));
    return line;
  }

  private text(window: RollingWindow, row: number): string {
    const { fields } = this.context.spec;
    const message = fields ? undefined : firstOf(window, MESSAGE_FIELDS, row);
    if (message !== undefined) {
      const level = firstOf(window, LEVEL_FIELDS, row);
      return `${level === undefined ? "" : `${String(level)} `}${String(message)}`;
    }
    const names = fields ?? [...new Set([...window.numbers.keys(), ...window.texts.keys()])];
    const parts = names.map((name) => [name, valueAt(window, name, row)] as const).filter(([, value]) => value !== undefined);
    return parts.map(([name, value]) => `${name}=${formatValue(value, window.numbers.get(name)?.type === "time")}`).join("  ");
  }
}

function firstOf(window: RollingWindow, names: readonly string[], row: number): unknown {
  for (const name of names) {
    const value = valueAt(window, name, row);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

export function levelOf(text: string): string {
  const level = text.toLowerCase();
  if (/^(err|crit|fatal)/.test(level)) return "error";
  return level.startsWith("warn") ? "warning" : "info";
}
