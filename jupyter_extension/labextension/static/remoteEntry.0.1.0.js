// JupyterLab's and Notebook 7's side of livedash, written by hand: a MIME renderer that needs no kernel, and a plugin that saves once.
// Loaded as a classic script; the host asks the container below for two modules (module federation's interface).
"use strict";
(() => {
  const NAME = "livedash";
  const MIME_TYPE = "application/vnd.livedash.v1+json";
  const RANK = -20; // ipywidgets' view has −10, and the host takes the lowest
  const SAVE_DELAY_MS = 500; // the output has to be in the model first

  let shareScope = null;
  let app = null;

  // The host's own copy of a shared package.
  const hostModule = async (name) => {
    const versions = Object.values(shareScope[name]);
    const version = versions.find((candidate) => candidate.loaded) ?? versions.at(-1);
    version.loaded = true;
    return (await version.get())();
  };

  const pageConfig = () => JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const baseUrl = () => new URL(`${pageConfig().baseUrl ?? "/"}livedash/`, location.origin).href;

  // What our server says of itself, null where it isn't there (standalone Voilà loads lab extensions, but no server extension).
  const askServer = async () => {
    try {
      const response = await fetch(`${baseUrl()}health/live`, { credentials: "same-origin" });
      const answer = response.ok ? await response.json() : null;
      return answer?.status === "live" ? answer : null;
    } catch {
      return null;
    }
  };

  const saved = new WeakSet();

  // A reload finds only what the file on disk has. Once a notebook, right after its first panel; never a notebook that isn't trusted,
  // nor one whose file is newer than what is shown, since the host would then ask what to do.
  const saveOnce = async (node) => {
    const widget = app && [...app.shell.widgets("main")].find((candidate) => candidate.context && candidate.node.contains(node));
    const context = widget?.context;
    if (!context || saved.has(context)) return;
    saved.add(context);
    const cells = [...(context.model.cells ?? [])];
    if (!cells.every((cell) => cell.type !== "code" || cell.trusted) || !context.model.dirty) return;
    const onDisk = await context.urlResolver?._contents?.get?.(context.path, { content: false }).catch(() => null);
    const known = context.contentsModel?.last_modified;
    if (onDisk && known && Date.parse(onDisk.last_modified) > Date.parse(known) + 500) return;
    await context.save();
  };

  const mimeExtension = async () => {
    const server = await askServer();
    if (!server) return [];
    const { Widget } = await hostModule("@lumino/widgets");
    const client = () => import(`${baseUrl()}static/client.js?v=${server.front_end}`);

    class PanelRenderer extends Widget {
      constructor() {
        super();
        this.addClass("livedash-output");
        this.mounted = null;
      }

      async renderModel(model) {
        const { token } = pageConfig();
        const { mount } = await client();
        this.mounted?.dispose();
        if (this.isDisposed) return;
        this.mounted = mount(this.node, model.data[MIME_TYPE], { base: baseUrl(), ...(token && { token }) });
        if (server.save_after_show && model.trusted) setTimeout(() => void saveOnce(this.node), SAVE_DELAY_MS);
      }

      dispose() {
        this.mounted?.dispose();
        super.dispose();
      }
    }

    return {
      id: `${NAME}:renderer`,
      rank: RANK,
      dataType: "json",
      rendererFactory: {
        safe: true, // it draws by textContent, from its own origin, and takes rooms and options from the output, nothing else
        mimeTypes: [MIME_TYPE],
        defaultRank: RANK,
        createRenderer: () => new PanelRenderer(),
      },
    };
  };

  const extension = async () => ({
    id: `${NAME}:app`,
    description: "Keeps the application, so that a notebook is saved once after its first livedash panel.",
    autoStart: true,
    requires: [],
    activate: (host) => {
      app = host;
    },
  });

  const modules = { "./extension": extension, "./mimeExtension": mimeExtension };
  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => {
      shareScope = scope;
    },
    get: async (module) => {
      const plugin = await modules[module]();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
