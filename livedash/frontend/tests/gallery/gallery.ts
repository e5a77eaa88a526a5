// The gallery's page: one scene, by the query `?scene=auto&theme=dark&live`. `window.gallery` lets tests/benchmarks/panel_gallery.py measure and move it.
import { Dashboard } from "../../src/panels/dashboard.ts";
import { dashboardOf } from "../../src/panels/spec.ts";
import { chooseTheme } from "../../src/panels/theme.ts";
import { FakeClient } from "./fake_client.ts";
import { SCENES } from "./scenes.ts";

const query = new URLSearchParams(location.search);
const scene = SCENES[query.get("scene") ?? "auto"]!;
const client = new FakeClient();

function start(): void {
  const isDark = query.get("theme") === "dark";
  chooseTheme(isDark ? "dark" : "light");
  document.body.style.background = isDark ? "#10141a" : "#f2f4f7";
  const main = document.createElement("main");
  document.body.append(main);
  new Dashboard(main, client, dashboardOf({ version: 1, title: scene.title, rows: scene.rows }), { base: new URL("/", location.href).href });
  scene.fill(client);
  if (query.has("live")) live();
}

/** The scene's steps 60 times a second, however fast the page draws. */
function live(): void {
  const beganMs = performance.now();
  let done = 0;
  setInterval(() => {
    for (const due = Math.floor(((performance.now() - beganMs) * 60) / 1000); done < due; done++) scene.step?.(client, done);
  }, 4);
}

Object.assign(window, { gallery: { client, scenes: Object.keys(SCENES) } });
start();
