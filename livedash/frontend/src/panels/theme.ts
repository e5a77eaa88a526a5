// Light or dark, as the host has it; and the colours of both.

export interface Theme {
  readonly isDark: boolean;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  readonly series: readonly string[];
}

// After Okabe and Ito ("Color Universal Design", 2008), which the colour-blind tell apart; lighter for dark grounds.
const LIGHT: Theme = {
  isDark: false,
  text: "#1d2733",
  muted: "#66727f",
  grid: "rgba(29, 39, 51, 0.09)",
  background: "#ffffff",
  series: ["#0072b2", "#d55e00", "#009e73", "#b65a93", "#c98a00", "#3a9bdc", "#5b5fc7", "#7a6a53"],
};
const DARK: Theme = {
  isDark: true,
  text: "#e6ebf0",
  muted: "#93a0ad",
  grid: "rgba(230, 235, 240, 0.10)",
  background: "#15191e",
  series: ["#56b4e9", "#ff8a47", "#2fc79a", "#e39bc6", "#f2c14e", "#8fd3ff", "#9a9cf0", "#c9b79c"],
};

let override: "light" | "dark" | null = null;
const listeners = new Set<() => void>();
let isWatching = false;

export function currentTheme(): Theme {
  return isHostDark() ? DARK : LIGHT;
}

/** A page's own switch; null follows the host again. */
export function overrideTheme(choice: "light" | "dark" | null): void {
  override = choice;
  listeners.forEach((listener) => listener());
}

export function onThemeChange(listener: () => void): () => void {
  watch();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function isHostDark(): boolean {
  if (override !== null) return override === "dark";
  const { body } = document;
  if (body.dataset.jpThemeLight !== undefined) return body.dataset.jpThemeLight === "false"; // JupyterLab, Notebook 7
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) return true;
  if (body.classList.contains("vscode-light")) return false;
  if (document.documentElement.dataset.theme) return document.documentElement.dataset.theme === "dark"; // marimo, Sphinx
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function watch(): void {
  if (isWatching) return;
  isWatching = true;
  let wasDark = isHostDark();
  const look = (): void => {
    const isDark = isHostDark();
    if (isDark === wasDark) return;
    wasDark = isDark;
    listeners.forEach((listener) => listener());
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
  const observer = new MutationObserver(look);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
}
