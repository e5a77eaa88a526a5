// The grid: rows of panels, stacked where there is little width. A single panel is a grid of one.
import type { Client } from "../client/contract.ts";
import { AutoPanel } from "./auto.ts";
import type { MakeView } from "./contract.ts";
import { PanelFeed } from "./feed.ts";
import { figureView } from "./figure.ts";
import { PanelFrame } from "./frame.ts";
import { lineView } from "./line.ts";
import { logView } from "./log.ts";
import { numberView } from "./number.ts";
import type { DashboardSpec, PanelKind, PanelSpec } from "./spec.ts";
import { addStyles } from "./styles.ts";
import { tableView } from "./table.ts";
import { currentTheme, onThemeChange } from "./theme.ts";

const NARROW_PX = 560;
const VIEWS: Readonly<Record<Exclude<PanelKind, "auto">, MakeView>> = {
  line: lineView,
  number: numberView,
  table: tableView,
  log: logView,
  figure: figureView,
};

interface Member {
  readonly element: HTMLElement;
  readonly frames: readonly PanelFrame[];
}

export class Dashboard {
  private readonly root = document.createElement("div");
  private readonly members: Member[] = [];
  private readonly feeds: PanelFeed[] = [];
  private readonly resizes: ResizeObserver;
  private readonly stopTheme: () => void;

  constructor(
    parent: HTMLElement,
    private readonly client: Client,
    spec: DashboardSpec,
    private readonly base: string | null,
  ) {
    this.root.className = "ld-root";
    parent.append(this.root);
    addStyles(parent);
    if (spec.title) {
      const title = document.createElement("div");
      title.className = "ld-title";
      title.textContent = spec.title;
      this.root.append(title);
    }
    this.resizes = new ResizeObserver(() => this.resized());
    this.stopTheme = onThemeChange(() => this.themed());
    const grid = document.createElement("div");
    grid.className = "ld-grid";
    this.root.append(grid);
    this.themed();
    for (const row of spec.rows) grid.append(this.row(row));
    this.resizes.observe(this.root);
  }

  dispose(): void {
    this.resizes.disconnect();
    this.stopTheme();
    this.frames().forEach((frame) => frame.dispose());
    this.feeds.forEach((feed) => feed.close());
    this.root.remove();
  }

  private row(specs: readonly PanelSpec[]): HTMLElement {
    const row = document.createElement("div");
    row.className = "ld-row";
    for (const spec of specs) {
      const member = this.member(spec);
      this.members.push(member);
      row.append(member.element);
    }
    return row;
  }

  private member(spec: PanelSpec): Member {
    const feed = new PanelFeed(this.client, spec.rooms, spec.window);
    this.feeds.push(feed);
    if (spec.kind === "auto") return new AutoPanel(this.client, feed, spec, this.base, () => this.resized());
    const title = spec.title ?? [spec.rooms.join(", "), spec.fields?.join(", ")].filter(Boolean).join(" · ");
    const frame = new PanelFrame(this.client, feed, spec, VIEWS[spec.kind], this.base, title);
    return { element: frame.element, frames: [frame] };
  }

  private frames(): PanelFrame[] {
    return this.members.flatMap((member) => member.frames);
  }

  private resized(): void {
    this.root.classList.toggle("ld-narrow", this.root.clientWidth < NARROW_PX);
    this.frames().forEach((frame) => frame.resized());
  }

  private themed(): void {
    this.root.classList.toggle("ld-dark", currentTheme().isDark);
    this.frames().forEach((frame) => frame.themed());
  }
}
