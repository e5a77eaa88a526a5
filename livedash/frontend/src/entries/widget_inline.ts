// dist/widget_inline.js: the widget's module where no server can be reached from the page: all code inline, records by the comm.
import { mount } from "./client.ts";
import { channelOf, type Model } from "./comm_channel.ts";

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const mounted = mount(el, model.get("spec"), { base: null, comm: channelOf(model) });
  return () => mounted.dispose();
}

export default { render };
