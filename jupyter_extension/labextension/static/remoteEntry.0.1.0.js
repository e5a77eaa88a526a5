// JupyterLab's and Notebook 7's side of livedash, written by hand: a MIME renderer that needs no kernel, and a plugin that saves once.
// Loaded as a classic script; the host asks the container below for two modules (module federation's interface).
"use strict";
(() => {
  const NAME = "livedash";
  const MIME_TYPE = "application/vnd.livedash.v1+json";
  const RANK = -20; // ipywidgets' view has −10, and the host takes the lowest
  const SAVE_DELAY_MS = 500; // the output has to be in the model first
  const CLOCK_SLACK_MS = 500; // what the host itself allows between a file's time and the one it knows

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
    const known = Date.parse(context.contentsModel?.last_modified);
    const onDisk = await lastModified(context.localPath ?? context.path);
    if (!(onDisk <= known + CLOCK_SLACK_MS)) return;
    await context.save();
  };

  // Of the file on disk, by the server's own route; NaN where it does not say.
  const lastModified = async (path) => {
    const { token } = pageConfig();
    const url = new URL(`${pageConfig().baseUrl ?? "/"}api/contents/${path.split("/").map(encodeURIComponent).join("/")}?content=0`, location.origin);
    const response = await fetch(url, { credentials: "same-origin", headers: token ? { Authorization: `token ${token}` } : {} }).catch(() => null);
    return response?.ok ? Date.parse((await response.json()).last_modified) : NaN;
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
        const code = await client().catch((error) => this.tell(error));
        this.mounted?.dispose();
        this.mounted = null;
        if (this.isDisposed || !code) return;
        this.mounted = code.mount(this.node, model.data[MIME_TYPE], { base: baseUrl(), ...(token && { token }) });
        if (server.save_after_show && model.trusted) setTimeout(() => void saveOnce(this.node), SAVE_DELAY_MS);
      }

      tell(error) {
        this.node.textContent = `This livedash panel can’t load its code from ${baseUrl()}static/ (${error}). Reload the page; if that does not help, restart the Jupyter server.`;
      }

      // Not called while the host only takes the output out of the page and puts it back: the panel then stops drawing by itself.
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
