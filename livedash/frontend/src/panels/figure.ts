// Any plotly figure whose traces are bound to rooms' fields.
import { boundTrace } from "./binding.ts";
import type { View, ViewContext } from "./contract.ts";
import { plotlyOf, type Plotly } from "./plotly.ts";
import type { Theme } from "./theme.ts";

const EVERY_MS = 1000 / 15;
const DEFAULT_HEIGHT = 320;
const CONFIG = { displaylogo: false, displayModeBar: false, responsive: false, doubleClick: "reset+autosize" };
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export function figureView(context: ViewContext): View {
  return new FigureView(context);
}

class FigureView implements View {
  readonly element = document.createElement("div");
  readonly everyMs = EVERY_MS;
  private readonly place = document.createElement("div");
  private plotly: Plotly | null = null;
  private isDrawing = false;
  private isBehind = false;
  private isGone = false;
  private theme: Theme;
  private width = 0;

  constructor(private readonly context: ViewContext) {
    this.theme = context.theme;
    this.element.className = "ld-figure-body";
    this.element.style.minHeight = `${this.height}px`;
    this.element.append(this.place);
    plotlyOf(context.host).then(
      (plotly) => {
        this.plotly = plotly;
        context.repaint();
      },
      (error: unknown) => this.tell(error),
    );
  }

  paint(): void | false {
    this.draw();
    return this.plotly === null ? false : undefined;
  }

  resize(widthPx: number): void {
    this.width = widthPx;
    this.draw();
  }

  themed(theme: Theme): void {
    this.theme = theme;
    this.draw();
  }

  dispose(): void {
    this.isGone = true;
    this.plotly?.purge(this.place);
  }

  private get height(): number {
    return this.context.spec.height ?? DEFAULT_HEIGHT;
  }

  /** One at a time: what comes meanwhile is drawn after. */
  private draw(): void {
    const { figure } = this.context.spec;
    if (!this.plotly || this.isGone || !figure || this.width === 0) return;
    this.isBehind = this.isDrawing;
    if (this.isDrawing) return;
    this.isDrawing = true;
    const traces = figure.data.map((trace) => boundTrace(trace, this.context.feed.windows));
    this.plotly.react(this.place, traces, this.layout(figure.layout), CONFIG).then(
      () => this.drawn(),
      (error: unknown) => this.tell(error),
    );
  }

  private drawn(): void {
    this.isDrawing = false;
    if (this.isBehind) this.draw();
  }

  /** The figure's own layout over our theme. */
  private layout(own: Record<string, unknown>): object {
    const hasTitle = own.title !== undefined;
    return {
      margin: { l: 48, r: 12, t: hasTitle ? 36 : 8, b: 40 },
      uirevision: "livedash", // what the viewer zoomed stays
      ...own,
      template: template(this.theme),
      width: this.width,
      height: this.height,
    };
  }

  private tell(error: unknown): void {
    this.element.className = "ld-message ld-broken";
    this.element.style.minHeight = "";
    this.element.textContent = error instanceof Error ? error.message : String(error);
  }
}

function template({ text, muted, grid, card, series, isDark }: Theme): object {
  const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true, ticks: "", tickfont: { color: muted, size: 11 }, title: { standoff: 8 } };
  const scene = { bgcolor: "rgba(0,0,0,0)", xaxis: axis, yaxis: axis, zaxis: axis };
  return {
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 12, family: FONT },
      colorway: series,
      xaxis: axis,
      yaxis: axis,
      scene,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      hoverlabel: { bgcolor: card, bordercolor: grid, font: { color: text, family: FONT } },
      colorscale: { sequential: isDark ? DARK_SEQUENTIAL : LIGHT_SEQUENTIAL },
      coloraxis: { colorbar: { outlinewidth: 0, thickness: 12 } },
    },
    data: { heatmap: [{ colorscale: isDark ? DARK_SEQUENTIAL : LIGHT_SEQUENTIAL, colorbar: { outlinewidth: 0, thickness: 12 } }] },
  };
}

// From the ground up: what is little is near the ground's own colour.
const LIGHT_SEQUENTIAL = [[0, "#f2f6fc"], [0.25, "#b9d2f3"], [0.5, "#6fa3e3"], [0.75, "#2f6cc6"], [1, "#12377f"]];
const DARK_SEQUENTIAL = [[0, "#1d2733"], [0.25, "#1f4a75"], [0.5, "#2f7ab8"], [0.75, "#5ea9f2"], [1, "#d4ebff"]];
