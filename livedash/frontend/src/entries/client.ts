// dist/client.js: what a renderer, a widget's stub and a page import. One copy of it serves all panels of a page.
import type { Host } from "../client/contract.ts";
import { sharedClient } from "../client/shared.ts";
import type { PanelHost } from "../panels/contract.ts";
import { Dashboard } from "../panels/dashboard.ts";
import { dashboardOf } from "../panels/spec.ts";

export { sharedClient };

export interface Mounted {
  dispose(): void;
}

/** Draws `spec` into `element`; a spec that is none, or a host without a way to a hub, is told there. */
export function mount(element: HTMLElement, spec: unknown, host: Host & PanelHost): Mounted {
  try {
    const dashboard = new Dashboard(element, sharedClient(host), dashboardOf(spec), host);
    return { dispose: () => dashboard.dispose() };
  } catch (error) {
    const message = document.createElement("div");
    message.textContent = `livedash can’t draw this: ${error instanceof Error ? error.message : String(error)}`;
    element.append(message);
    return { dispose: () => message.remove() };
  }
}
