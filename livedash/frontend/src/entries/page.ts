// dist/page.js: the `view` page. What to show stands in the page as JSON; the key of a link stays in the page's memory.
import { sharedClient } from "../client/shared.ts";
import { badgeOf } from "../panels/badge.ts";
import { formatTime } from "../panels/format.ts";
import { currentTheme, onThemeChange, overrideTheme } from "../panels/theme.ts";
import { mount } from "./client.ts";

interface PageContent {
  readonly spec: unknown;
  readonly base: string;
  readonly key: string | null;
  readonly title: string;
  readonly expires_at: number | null;
}

const STYLE = `
html { color-scheme: light dark; } body { margin: 0; background: #f3f5f7; font: 13px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #1d2733; }
body.ld-page-dark { background: #0f1317; color: #e6ebf0; }
.ld-bar { display: flex; align-items: center; gap: 14px; padding: 12px 18px; }
.ld-bar h1 { font-size: 16px; font-weight: 650; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ld-bar span { color: #66727f; font-size: 12px; white-space: nowrap; } .ld-page-dark .ld-bar span { color: #93a0ad; }
.ld-bar .ld-grow { flex: 1; } .ld-bar button { font: inherit; font-size: 12px; border: 1px solid rgba(120,135,150,.4); border-radius: 6px; background: none; color: inherit; padding: 3px 10px; cursor: pointer; }
main { padding: 0 14px 24px; }
`;
const STATUS_EVERY_MS = 500;

function start(): void {
  const text = document.getElementById("livedash-page")?.textContent;
  const parent = document.getElementById("livedash");
  if (!text || !parent) return;
  const content = JSON.parse(text) as PageContent;
  const style = document.createElement("style");
  style.textContent = STYLE;
  document.head.append(style);
  const base = new URL(content.base, location.origin).href;
  const host = { base, ...(content.key !== null && { key: content.key }) };
  const main = document.createElement("main");
  parent.append(bar(content, () => sharedClient(host).status()), main);
  const paintPage = (): void => {
    document.body.classList.toggle("ld-page-dark", currentTheme().isDark);
  };
  onThemeChange(paintPage);
  paintPage();
  mount(main, withoutTitle(content.spec), host);
}

/** The page's own bar shows it. */
function withoutTitle(spec: unknown): unknown {
  return { ...(spec as object), title: null };
}

function bar(content: PageContent, status: () => ReturnType<ReturnType<typeof sharedClient>["status"]>): HTMLElement {
  const header = document.createElement("header");
  header.className = "ld-bar";
  const title = document.createElement("h1");
  title.textContent = content.title;
  const state = document.createElement("span");
  state.setAttribute("role", "status");
  const about = document.createElement("span");
  about.textContent = content.expires_at === null ? "" : `read-only until ${formatTime(content.expires_at * 1000).slice(0, 16)}`;
  const grow = document.createElement("span");
  grow.className = "ld-grow";
  const toggle = document.createElement("button");
  const showToggle = (): void => {
    toggle.textContent = currentTheme().isDark ? "Light" : "Dark";
  };
  toggle.onclick = () => overrideTheme(currentTheme().isDark ? "light" : "dark");
  onThemeChange(showToggle);
  showToggle();
  setInterval(() => {
    const told = badgeOf({ status: status(), gap: null, skipped: 0 }, Date.now());
    state.textContent = told.text;
    state.title = told.title;
  }, STATUS_EVERY_MS);
  header.append(title, state, grow, about, toggle);
  return header;
}

start();
