// Bundles each tests/**/*.test.ts into .tests/ and runs them with Node's own test runner. Arguments are parts of paths: `npm test -- wire`.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const wanted = process.argv.slice(2);
const tests = readdirSync("tests", { recursive: true })
  .map((path) => String(path).replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".test.ts"))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)));
if (tests.length === 0) {
  console.error(`no test file matches ${wanted.join(" ")}`);
  process.exit(1);
}

rmSync(".tests", { recursive: true, force: true });
await build({
  entryPoints: tests.map((path) => `tests/${path}`),
  outdir: ".tests",
  outbase: "tests",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  loader: { ".css": "text" },
  logLevel: "warning",
});
const files = tests.map((path) => `.tests/${path.replace(/\.ts$/, ".mjs")}`);
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
