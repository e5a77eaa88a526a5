// dist/widget.js: the widget's module where its hub is served by the page's own Jupyter: a stub that imports the shared client.

interface Model {
  get(name: string): unknown;
}

async function render({ model, el }: { model: Model; el: HTMLElement }): Promise<() => void> {
  try {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}") as { baseUrl?: string; token?: string };
    const base = new URL(`${config.baseUrl ?? "/"}livedash/`, location.origin).href;
    const { mount } = (await import(`${base}static/client.js?v=${String(model.get("version"))}`)) as typeof import("./client.ts");
    const mounted = mount(el, model.get("spec"), { base, ...(config.token && { token: config.token }) });
    return () => mounted.dispose();
  } catch (error) {
    el.textContent = `livedash: the panel's code can't be loaded from this server (${String(error)}); is the livedash server extension on?`;
    return () => undefined;
  }
}

export default { render };
