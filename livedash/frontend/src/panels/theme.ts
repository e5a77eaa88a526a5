// Light or dark, as the host has it; and the colours of both.

export interface Theme {
  readonly isDark: boolean;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly card: string;
  /** Of series in their order. The first five are told apart with any one kind of colour blindness (the least distance in OKLab, ×100, is 9; of
   *  all eight it is 5), and each has a contrast of 3 or more to its ground. */
  readonly series: readonly string[];
}

const LIGHT: Theme = {
  isDark: false,
  text: "#1c2530",
  muted: "#647080",
  grid: "rgba(28, 37, 48, 0.08)",
  card: "#ffffff",
  series: ["#2458c5", "#e07b00", "#0f8f82", "#b05cf0", "#7d5300", "#359ab6", "#cc3f3f", "#50586a"],
};
const DARK: Theme = {
  isDark: true,
  text: "#e4e9ef",
  muted: "#93a0ae",
  grid: "rgba(228, 233, 239, 0.09)",
  card: "#1b2026",
  series: ["#5ea9f2", "#f08c2e", "#a5f0cd", "#9b6cf0", "#f7cf3f", "#18a0b0", "#e65a78", "#c4ccd8"],
};
const DARK_QUERY = "(prefers-color-scheme: dark)";

let chosen: "light" | "dark" | null = null;
let shown: Theme | null = null;
const listeners = new Set<() => void>();

export function currentTheme(): Theme {
  return (shown ??= isDark() ? DARK : LIGHT);
}

/** A page's own switch; null follows the host again. */
export function chooseTheme(choice: "light" | "dark" | null): void {
  chosen = choice;
  look();
}

export function onThemeChange(listener: () => void): () => void {
  if (listeners.size === 0) watch();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function colourOf(theme: Theme, index: number): string {
  return theme.series[index % theme.series.length]!;
}

function look(): void {
  const theme = isDark() ? DARK : LIGHT;
  if (theme === shown) return;
  shown = theme;
  listeners.forEach((listener) => listener());
}

function isDark(): boolean {
  return chosen === null ? (hostIsDark() ?? matchMedia(DARK_QUERY).matches) : chosen === "dark";
}

/** null where the host does not say. */
function hostIsDark(): boolean | null {
  const { body, documentElement } = document;
  if (body.dataset.jpThemeLight !== undefined) return body.dataset.jpThemeLight === "false"; // JupyterLab, Notebook 7, Voilà
  for (const { classList, dataset } of [body, documentElement]) {
    if (classList.contains("vscode-dark") || classList.contains("vscode-high-contrast")) return true;
    if (classList.contains("vscode-light") || classList.contains("vscode-high-contrast-light")) return false;
    const said = dataset.theme ?? documentElement.getAttribute("theme"); // marimo and Sphinx; Colab
    if (said === "dark" || said === "light") return said === "dark";
    if (classList.contains("dark")) return true;
  }
  return null;
}

let isWatching = false;

/** For as long as the page lives: hosts switch without a reload. */
function watch(): void {
  if (isWatching) return look();
  isWatching = true;
  matchMedia(DARK_QUERY).addEventListener("change", look);
  const observer = new MutationObserver(look);
  const attributeFilter = ["data-jp-theme-light", "data-theme", "theme", "class"];
  observer.observe(document.body, { attributes: true, attributeFilter });
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
  look();
}
