// Builds the three modules that a page loads: dist/client.js, dist/page.js, dist/widget.js. `--watch` builds again on a change;
// `--outdir=DIR` builds elsewhere.
import { context, build } from "esbuild";

const outdir = process.argv.find((argument) => argument.startsWith("--outdir="))?.slice("--outdir=".length) ?? "dist";
const options = {
  entryPoints: { client: "src/entries/client.ts", page: "src/entries/page.ts", widget: "src/entries/widget.ts", widget_inline: "src/entries/widget_inline.ts" },
  outdir,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "eof", // uPlot's licence asks that its notice travels with it
  charset: "utf8",
  loader: { ".css": "text" }, // styles are strings that a panel adopts into its own root
  logLevel: "info",
};

if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
