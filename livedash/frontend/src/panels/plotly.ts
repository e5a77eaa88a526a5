// plotly.js: loaded once a page, from the page's own server, when the first figure is shown.
import type { PanelHost } from "./contract.ts";

export interface Plotly {
  react(element: HTMLElement, data: unknown[], layout: object, config: object): Promise<unknown>;
  purge(element: HTMLElement): void;
}

type Global = typeof globalThis & { Plotly?: Plotly; define?: unknown };

const SCRIPT = "plotly.min.js";
let loading: Promise<Plotly> | null = null;

/** Rejects with an Error whose message tells people the reason and the fix. */
export function plotlyOf(host: PanelHost): Promise<Plotly> {
  const { Plotly: present } = globalThis as Global;
  if (present && typeof present.react === "function") return Promise.resolve(present);
  loading ??= load(host).catch((error: unknown) => {
    loading = null; // the next figure tries again
    throw error;
  });
  return loading;
}

async function load({ base, loadScript }: PanelHost): Promise<Plotly> {
  if (loadScript) await loadScript(SCRIPT);
  else if (base !== null) await loadClassic(`${base}static/${SCRIPT}`);
  else throw new Error("A figure needs plotly.js, which comes from a livedash server, and this page has none. Show it in JupyterLab or Notebook, or run `livedash serve` and open its page.");
  const { Plotly } = globalThis as Global;
  if (!Plotly) throw new Error("plotly.js was loaded and is not there: reload the page.");
  return Plotly;
}

/** Where the page has an AMD loader (Notebook and many extensions), plotly.js would register there and not show itself. */
function loadClassic(url: string): Promise<void> {
  const page = globalThis as Global;
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const { define } = page;
    const ended = (): void => {
      if (define !== undefined) page.define = define;
      script.remove();
    };
    script.onload = () => {
      ended();
      resolve();
    };
    script.onerror = () => {
      ended();
      reject(new Error("plotly.js can’t be loaded from this server: install the package plotly where livedash runs, and reload the page."));
    };
    if (define !== undefined) page.define = undefined;
    script.src = url;
    document.head.append(script);
  });
}
