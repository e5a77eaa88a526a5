// Light or dark: what the page around a panel says, and a call when it changes.

export type Theme = "light" | "dark";

const listeners = new Set<(theme: Theme) => void>();
let chosen: Theme | null = null;
let current: Theme | null = null;
let watching = false;

/** The host's own word first: JupyterLab and Notebook by an attribute, VS Code by a class; else what the system prefers. */
export function hostTheme(body: Pick<HTMLElement, "dataset" | "classList">, systemIsDark: boolean): Theme {
  const jupyter = body.dataset["jpThemeLight"];
  if (jupyter !== undefined) return jupyter === "false" ? "dark" : "light";
  if (body.classList.contains("vscode-light") || body.classList.contains("vscode-high-contrast-light")) return "light";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) return "dark";
  return systemIsDark ? "dark" : "light";
}

export function theme(): Theme {
  current ??= read();
  return current;
}

/** What a reader chose on this page beats the host; null gives it back. */
export function chooseTheme(next: Theme | null): void {
  chosen = next;
  refresh();
}

export function onTheme(listener: (theme: Theme) => void): () => void {
  watch();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function systemQuery(): MediaQueryList {
  return matchMedia("(prefers-color-scheme: dark)");
}

function read(): Theme {
  return chosen ?? hostTheme(document.body, systemQuery().matches);
}

function refresh(): void {
  const next = read();
  if (next === current) return;
  current = next;
  for (const listener of [...listeners]) listener(next);
}

function watch(): void {
  if (watching) return;
  watching = true;
  current = read();
  systemQuery().addEventListener("change", refresh);
  new MutationObserver(refresh).observe(document.body, {
    attributes: true,
    attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"],
  });
}

export interface Colors {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly series: readonly string[];
}

// Okabe and Ito's eight (2008), told apart by all common kinds of colour blindness; shifted in lightness for each ground so that every line
// has a contrast of 3:1 at least (WCAG 2.2, 1.4.11).
const LIGHT: Colors = {
  text: "#1f2328",
  muted: "#656d76",
  grid: "rgba(31, 35, 40, 0.08)",
  surface: "#ffffff",
  series: ["#0072b2", "#d55e00", "#00896b", "#b0588f", "#b07d00", "#2f8fc4", "#5b5fc7", "#6b7280"],
};
const DARK: Colors = {
  text: "#e6e9ee",
  muted: "#98a1ad",
  grid: "rgba(230, 233, 238, 0.09)",
  surface: "#16191f",
  series: ["#4aa8e8", "#f0883e", "#2cc69c", "#e08fc3", "#e6b730", "#8ecff5", "#a5a8ff", "#a7b0bd"],
};

export function colors(of: Theme = theme()): Colors {
  return of === "dark" ? DARK : LIGHT;
}

export function seriesColor(index: number, of: Theme = theme()): string {
  const { series } = colors(of);
  return series[index % series.length]!;
}
