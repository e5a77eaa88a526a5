// All styles of the panels as one text, put once into each document or shadow root that shows one.
import uplot from "uplot/dist/uPlot.min.css";

const OWN = `
.ld-root { --ld-text: #1d2733; --ld-muted: #66727f; --ld-line: rgba(29,39,51,.12); --ld-card: #fff; --ld-hover: rgba(29,39,51,.05);
  --ld-good: #1a8f5f; --ld-warn: #b26a00; --ld-bad: #c62f2f; color: var(--ld-text); font: 13px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums; text-align: left; }
.ld-root.ld-dark { --ld-text: #e6ebf0; --ld-muted: #93a0ad; --ld-line: rgba(230,235,240,.14); --ld-card: #1b2026; --ld-hover: rgba(230,235,240,.06);
  --ld-good: #45c48f; --ld-warn: #f0b04a; --ld-bad: #ff7b72; }
.ld-root *, .ld-root *::before { box-sizing: border-box; }
.ld-title { font-size: 16px; font-weight: 600; margin: 2px 2px 10px; }
.ld-grid { display: flex; flex-direction: column; gap: 10px; }
.ld-row { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 10px; }
.ld-narrow .ld-row { grid-auto-flow: row; }
.ld-stack { display: flex; flex-direction: column; gap: 10px; min-width: 0; }
.ld-panel { background: var(--ld-card); border: 1px solid var(--ld-line); border-radius: 8px; padding: 8px 10px 8px; min-width: 0; overflow: hidden; }
.ld-head { display: flex; align-items: center; gap: 8px; min-height: 20px; margin-bottom: 4px; }
.ld-name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 0 1 auto; }
.ld-space { flex: 1; }
.ld-badge { display: inline-flex; align-items: center; gap: 5px; font-size: 11px; color: var(--ld-muted); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.ld-badge::before { content: ""; width: 7px; height: 7px; border-radius: 50%; background: var(--ld-muted); flex: none; }
.ld-badge[data-tone=good]::before { background: var(--ld-good); }
.ld-badge[data-tone=warn] { color: var(--ld-warn); } .ld-badge[data-tone=warn]::before { background: var(--ld-warn); }
.ld-badge[data-tone=bad] { color: var(--ld-bad); } .ld-badge[data-tone=bad]::before { background: var(--ld-bad); }
.ld-message { color: var(--ld-muted); padding: 14px 4px; }
.ld-message.ld-broken { border-left: 3px solid var(--ld-bad); background: var(--ld-hover); border-radius: 4px; padding: 8px 10px; margin-bottom: 6px; overflow-wrap: anywhere; }
.ld-message[hidden] { display: none; }
.ld-message b { color: var(--ld-text); font-weight: 600; }
.ld-legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0 0 4px; font-size: 12px; }
.ld-key { display: inline-flex; align-items: center; gap: 5px; cursor: pointer; background: none; border: 0; padding: 0; color: inherit; font: inherit; }
.ld-key[aria-pressed=false] { opacity: .4; }
.ld-key i { width: 10px; height: 3px; border-radius: 2px; flex: none; }
.ld-key span { color: var(--ld-muted); } .ld-key b { font-weight: 600; min-width: 3.5em; text-align: right; }
.ld-plot { position: relative; }
.ld-follow { position: absolute; right: 10px; top: 4px; font: 11px system-ui, sans-serif; border: 1px solid var(--ld-line); border-radius: 10px;
  background: var(--ld-card); color: var(--ld-text); padding: 2px 9px; cursor: pointer; z-index: 2; }
.ld-tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); gap: 8px 14px; }
.ld-tile { min-width: 0; } .ld-tile .ld-what { color: var(--ld-muted); font-size: 11px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ld-tile .ld-value { font-size: 20px; font-weight: 600; line-height: 1.25; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.ld-tile .ld-change { font-size: 11px; color: var(--ld-muted); min-height: 15px; }
.ld-tile canvas { width: 100%; height: 22px; display: block; }
.ld-scroll { overflow: auto; max-height: 320px; border-top: 1px solid var(--ld-line); }
.ld-table { border-collapse: collapse; width: 100%; font-size: 12px; background: none; margin: 0; }
.ld-table th { position: sticky; top: 0; background: var(--ld-card); text-align: right; font-weight: 600; padding: 4px 8px; cursor: pointer;
  white-space: nowrap; border-bottom: 1px solid var(--ld-line); user-select: none; color: var(--ld-text); }
.ld-table td { padding: 3px 8px; white-space: nowrap; text-align: right; border: 0; max-width: 320px; overflow: hidden; text-overflow: ellipsis; color: var(--ld-text); }
.ld-table .ld-left { text-align: left; }
.ld-table tbody tr { background: none; } .ld-table tbody tr:hover { background: var(--ld-hover); }
.ld-log { font: 12px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.ld-log div { padding: 0 2px; } .ld-log span { color: var(--ld-muted); margin-right: 8px; }
.ld-log [data-level=error] { color: var(--ld-bad); } .ld-log [data-level=warning] { color: var(--ld-warn); }
.ld-root .uplot { font: inherit; } .ld-root .u-select { background: rgba(86,180,233,.18); }
`;

const marked = new WeakSet<Node>();

export function addStyles(element: Element): void {
  const root = element.getRootNode();
  const target = root instanceof ShadowRoot ? root : document.head;
  if (marked.has(target)) return;
  marked.add(target);
  const style = document.createElement("style");
  style.textContent = uplot + OWN;
  target.append(style);
}
