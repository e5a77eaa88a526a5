// dist/widget.js: the widget's module where the page's own Jupyter serves the hub: a stub that imports the shared client.

interface Model {
  get(name: string): unknown;
}

type Client = typeof import("./client.ts");

function config(): { baseUrl?: string; token?: string } {
  return JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}") as { baseUrl?: string; token?: string };
}

const base = (): string => new URL(`${config().baseUrl ?? "/"}livedash/`, location.origin).href;
const clientOf = (model: Model): Promise<Client> => import(`${base()}static/client.js?v=${String(model.get("version"))}`) as Promise<Client>;

/** Once a model, and before its first view: the code is on its way while the host still lays out. */
function initialize({ model }: { model: Model }): void {
  clientOf(model).catch(() => undefined); // render() tells it in its place
}

async function render({ model, el }: { model: Model; el: HTMLElement }): Promise<() => void> {
  try {
    const { mount } = await clientOf(model);
    const { token } = config();
    const mounted = mount(el, model.get("spec"), { base: base(), ...(token && { token }) });
    return () => mounted.dispose();
  } catch (error) {
    el.textContent = `This livedash panel can’t load its code from ${base()} (${String(error)}). Is the server extension on? See: jupyter server extension list`;
    return () => undefined;
  }
}

export default { initialize, render };
