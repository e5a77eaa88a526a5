// dist/page.js: the `view` page. What to show stands in the page as JSON; the key of a link stays in the page's memory.
import type { FeedStatus } from "../client/contract.ts";
import { sharedClient } from "../client/shared.ts";
import { Badge } from "../panels/badge.ts";
import { formatDuration } from "../panels/format.ts";
import { formatMoment } from "../panels/moments.ts";
import { chooseTheme, currentTheme, onThemeChange } from "../panels/theme.ts";
import { mount } from "./client.ts";
import style from "./page.css";

interface PageContent {
  readonly spec: unknown;
  readonly base: string;
  readonly key: string | null;
  readonly title: string;
  /** Seconds since 1970. */
  readonly expires_at: number | null;
}

const LOOK_EVERY_MS = 500;
const SECOND_MS = 1000;

function start(): void {
  const text = document.getElementById("livedash-page")?.textContent;
  const parent = document.getElementById("livedash");
  if (!text || !parent) return;
  const content = JSON.parse(text) as PageContent;
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  const base = new URL(content.base, location.origin).href;
  const host = { base, ...(content.key !== null && { key: content.key }) };
  const main = document.createElement("main");
  parent.append(bar(content, () => sharedClient(host).status()), main);
  onThemeChange(themed);
  themed();
  mount(main, withoutTitle(content.spec), host);
}

function themed(): void {
  document.documentElement.classList.toggle("ld-page-dark", currentTheme().isDark);
}

/** The page's own bar shows it. */
function withoutTitle(spec: unknown): unknown {
  return { ...(spec as object), title: null };
}

function bar(content: PageContent, status: () => FeedStatus): HTMLElement {
  const header = document.createElement("header");
  const title = document.createElement("h1");
  title.textContent = content.title;
  const badge = new Badge("live");
  const about = document.createElement("span");
  const look = (): void => {
    badge.show({ status: status(), gap: null, skipped: 0 });
    about.textContent = aboutText(content, Date.now());
  };
  look();
  setInterval(look, LOOK_EVERY_MS);
  if (content.expires_at !== null) about.title = `This link ends at ${formatMoment(content.expires_at * SECOND_MS)}`;
  const space = document.createElement("i");
  header.append(title, badge.element, space, about, themeButton());
  return header;
}

function aboutText({ key, expires_at: expiresAt }: PageContent, nowMs: number): string {
  if (expiresAt === null) return key === null ? "" : "read-only";
  const leftS = expiresAt - nowMs / SECOND_MS;
  return leftS > 0 ? `read-only, for ${formatDuration(leftS)} more` : "expired";
}

function themeButton(): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  const show = (): void => {
    const { isDark } = currentTheme();
    button.textContent = isDark ? "☀" : "☾";
    button.title = button.ariaLabel = isDark ? "Light colours" : "Dark colours";
  };
  button.onclick = () => chooseTheme(currentTheme().isDark ? "light" : "dark");
  onThemeChange(show);
  show();
  return button;
}

start();
