// All that panels look like, as one text, put once into each document or shadow root that holds one.
import uplotCss from "uplot/dist/uPlot.min.css";

const OWN = `
.ld-root{--ld-text:#1f2328;--ld-muted:#656d76;--ld-faint:#8c959f;--ld-line:rgba(31,35,40,.12);--ld-soft:rgba(31,35,40,.045);--ld-surface:#fff;
--ld-live:#1a7f5a;--ld-warn:#9a6700;--ld-bad:#cf222e;--ld-accent:#0072b2;
font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ld-text);
font-variant-numeric:tabular-nums;-webkit-font-smoothing:antialiased;box-sizing:border-box;width:100%;text-align:left}
.ld-root.ld-dark{--ld-text:#e6e9ee;--ld-muted:#98a1ad;--ld-faint:#737d8a;--ld-line:rgba(230,233,238,.13);--ld-soft:rgba(230,233,238,.055);--ld-surface:#16191f;
--ld-live:#3fb98a;--ld-warn:#d9a53a;--ld-bad:#f47067;--ld-accent:#4aa8e8;color-scheme:dark}
.ld-root *,.ld-root *::before{box-sizing:border-box}
.ld-title{font-size:14px;font-weight:600;margin:0 0 8px;letter-spacing:-.005em}
.ld-row{display:flex;gap:10px;margin:0 0 10px;align-items:stretch}
.ld-row:last-child{margin-bottom:0}
.ld-narrow .ld-row{flex-direction:column}
.ld-panel{flex:1 1 0;min-width:0;background:var(--ld-surface);border:1px solid var(--ld-line);border-radius:8px;padding:8px 10px 9px;position:relative;display:flex;flex-direction:column}
.ld-head{display:flex;align-items:center;gap:8px;min-height:20px;margin-bottom:4px}
.ld-name{font-weight:600;font-size:12.5px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;flex:1 1 auto;min-width:0}
.ld-badge{display:inline-flex;align-items:center;gap:5px;font-size:11px;color:var(--ld-muted);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;min-width:0;flex:0 1 auto;cursor:default}
.ld-badge::before{content:"";width:7px;height:7px;border-radius:50%;background:currentColor;flex:none}
.ld-badge[data-state=live]::before{background:var(--ld-live)}
.ld-badge[data-state=reconnecting],.ld-badge[data-state=stale],.ld-badge[data-warn]{color:var(--ld-warn)}
.ld-badge[data-state=failed]{color:var(--ld-bad)}
.ld-badge[data-state=connecting]::before,.ld-badge[data-state=waiting]::before{background:transparent;border:1.5px solid currentColor}
.ld-body{flex:1 1 auto;min-height:0;min-width:0;position:relative}
.ld-message{padding:26px 12px;text-align:center;color:var(--ld-muted)}
.ld-message b{display:block;color:var(--ld-text);font-weight:600;margin-bottom:2px}
.ld-message.ld-failed{background:var(--ld-soft);border-radius:6px;border-left:3px solid var(--ld-bad);text-align:left;padding:10px 12px;overflow-wrap:anywhere}
.ld-pulse{display:inline-block;width:8px;height:8px;border-radius:50%;background:var(--ld-accent);margin-right:8px;animation:ld-pulse 1.6s ease-in-out infinite}
@keyframes ld-pulse{50%{opacity:.25}}
@media (prefers-reduced-motion:reduce){.ld-pulse{animation:none}}
.ld-stack>*+*{margin-top:10px}
.ld-chart{position:relative;overflow:hidden}
.ld-legend{display:flex;flex-wrap:wrap;gap:1px 12px;font-size:11.5px;margin:0 0 2px;min-height:19px;align-items:center}
.ld-legend button{all:unset;box-sizing:border-box;display:inline-flex;align-items:center;gap:5px;cursor:pointer;border-radius:4px;padding:0 2px;color:var(--ld-muted);max-width:100%}
.ld-legend button:hover{color:var(--ld-text)}
.ld-legend button:focus-visible,.ld-table th:focus-visible,.ld-tool:focus-visible{outline:2px solid var(--ld-accent);outline-offset:1px}
.ld-legend button[aria-pressed=false]{opacity:.42;text-decoration:line-through}
.ld-legend i{width:12px;height:3px;border-radius:2px;flex:none}
.ld-legend span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.ld-legend b{font-weight:600;color:var(--ld-text);min-width:5.2ch}
.ld-legend .ld-x{margin-left:auto;color:var(--ld-faint);white-space:nowrap}
.ld-follow{all:unset;position:absolute;right:8px;top:6px;z-index:5;font-size:11px;line-height:1;padding:5px 8px;border-radius:5px;cursor:pointer;color:var(--ld-text);background:var(--ld-surface);border:1px solid var(--ld-line)}
.ld-follow:hover{border-color:var(--ld-accent);color:var(--ld-accent)}
.ld-root .uplot{font-family:inherit;width:auto}
.ld-root .u-select{background:color-mix(in srgb,var(--ld-accent) 16%,transparent)}
.ld-root .u-cursor-x{border-right:1px dashed var(--ld-faint)}
.ld-root .u-cursor-y{border-bottom:1px dashed var(--ld-faint)}
.ld-tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:6px}
.ld-tile{background:var(--ld-soft);border-radius:6px;padding:6px 9px 0;min-width:0;overflow:hidden;display:flex;flex-direction:column}
.ld-tile-name{font-size:11px;color:var(--ld-muted);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.ld-tile-value{font-size:19px;font-weight:600;line-height:1.25;letter-spacing:-.015em;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.ld-tile-value small{font-size:12px;font-weight:500;color:var(--ld-muted);margin-left:3px}
.ld-tile-change{font-size:11px;color:var(--ld-muted);white-space:nowrap;min-height:16px}
.ld-spark{display:block;width:calc(100% + 18px);height:24px;margin:2px -9px 0}
.ld-tiles.ld-large{grid-template-columns:repeat(auto-fit,minmax(150px,1fr))}
.ld-large .ld-tile-value{font-size:30px}
.ld-large .ld-spark{height:40px}
.ld-scroll{overflow:auto;overscroll-behavior:contain;border-radius:5px;border:1px solid var(--ld-line)}
.ld-root table.ld-table{border-collapse:separate;border-spacing:0;width:100%;margin:0;font-size:12px;border:0;table-layout:auto;color:inherit;background:transparent}
.ld-root .ld-table th{position:sticky;top:0;z-index:1;background:var(--ld-surface);box-shadow:inset 0 -1px 0 var(--ld-line);font-weight:600;font-size:11.5px;color:var(--ld-muted);text-align:left;padding:5px 10px;white-space:nowrap;cursor:pointer;user-select:none;border:0}
.ld-root .ld-table th:hover{color:var(--ld-text)}
.ld-root .ld-table td{padding:3px 10px;white-space:nowrap;max-width:32ch;overflow:hidden;text-overflow:ellipsis;text-align:left;border:0;border-bottom:1px solid var(--ld-soft)}
.ld-root .ld-table tr,.ld-root .ld-table tr:nth-child(even){background:transparent}
.ld-root .ld-table tbody tr:hover{background:var(--ld-soft)}
.ld-root .ld-table .ld-num{text-align:right}
.ld-root .ld-table .ld-dim{color:var(--ld-faint)}
.ld-log{font:12px/1.5 ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;padding:5px 0}
.ld-log div{padding:0 10px;white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid transparent}
.ld-log time{color:var(--ld-faint);margin-right:10px}
.ld-log [data-level=warning]{border-left-color:var(--ld-warn)}
.ld-log [data-level=error]{border-left-color:var(--ld-bad);background:color-mix(in srgb,var(--ld-bad) 8%,transparent)}
.ld-log [data-level=debug]{color:var(--ld-muted)}
.ld-foot{font-size:11px;color:var(--ld-faint);padding-top:4px}
html.ld-page{background:#f4f5f7}html.ld-page.ld-dark{background:#0d0f13;color-scheme:dark}
.ld-page body{margin:0}
.ld-bar{display:flex;align-items:center;gap:12px;padding:9px 16px;border-bottom:1px solid var(--ld-line);background:var(--ld-surface);position:sticky;top:0;z-index:10}
.ld-bar h1{font-size:14px;font-weight:600;margin:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;flex:0 1 auto;min-width:0}
.ld-bar .ld-space{flex:1}
.ld-bar .ld-note{font-size:12px;color:var(--ld-muted);white-space:nowrap}
.ld-tool{all:unset;cursor:pointer;display:inline-flex;padding:4px;border-radius:5px;color:var(--ld-muted)}
.ld-tool:hover{color:var(--ld-text);background:var(--ld-soft)}
.ld-main{padding:14px 16px 24px;max-width:1680px;margin:0 auto}
@media (max-width:560px){.ld-main{padding:10px}.ld-bar{padding:8px 10px;gap:8px}.ld-bar .ld-note{overflow:hidden;text-overflow:ellipsis}}
`;

const styled = new WeakSet<Node>();

/** Into the root that `element` hangs in: a panel may live in a shadow root (marimo), where the document's styles end. */
export function ensureStyles(element: Node): void {
  const root = element.getRootNode();
  const target = root instanceof ShadowRoot ? root : document.head;
  if (styled.has(target)) return;
  styled.add(target);
  const style = document.createElement("style");
  style.textContent = uplotCss + OWN;
  target.append(style);
}
