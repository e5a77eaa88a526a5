// The grid: rows of panels, stacked where there is little width. A single panel is a grid of one.
import type { Client } from "../client/contract.ts";
import { AutoPanel } from "./auto.ts";
import type { PanelHost } from "./contract.ts";
import { useFeed } from "./feed.ts";
import { namesOf } from "./format.ts";
import { PanelFrame } from "./frame.ts";
import { VIEWS } from "./registry.ts";
import type { DashboardSpec, PanelSpec } from "./spec.ts";
import { addStyles } from "./styles.ts";
import { currentTheme, onThemeChange } from "./theme.ts";

const NARROW_PX = 560;
const WIDE_PX = 760;

interface Member {
  readonly element: HTMLElement;
  readonly frames: readonly PanelFrame[];
  dispose(): void;
}

export class Dashboard {
  private readonly root = document.createElement("div");
  private readonly members: Member[] = [];
  private readonly releases: (() => void)[] = [];
  private readonly resizes = new ResizeObserver(() => this.resized());
  private readonly stopTheme: () => void;

  constructor(
    parent: HTMLElement,
    private readonly client: Client,
    spec: DashboardSpec,
    private readonly host: PanelHost,
  ) {
    this.root.className = "ld-root";
    this.stopTheme = onThemeChange(() => this.themed());
    this.themed();
    if (spec.title !== null) this.root.append(titled(spec.title));
    parent.append(this.root);
    addStyles(this.root);
    for (const row of spec.rows) this.root.append(this.row(row));
    this.resizes.observe(this.root);
  }

  dispose(): void {
    this.resizes.disconnect();
    this.stopTheme();
    this.members.forEach((member) => member.dispose());
    this.releases.forEach((release) => release());
    this.root.remove();
  }

  private row(specs: readonly PanelSpec[]): HTMLElement {
    const row = document.createElement("div");
    row.className = "ld-row";
    const members = specs.map((spec) => this.member(spec));
    this.members.push(...members);
    row.append(...members.map(({ element }) => element));
    return row;
  }

  private member(spec: PanelSpec): Member {
    const { feed, release } = useFeed(this.client, spec.rooms, spec.window);
    this.releases.push(release);
    const parts = { client: this.client, feed, spec, host: this.host };
    if (spec.kind === "auto") return new AutoPanel(parts);
    const title = spec.title ?? [namesOf(spec.rooms), spec.kind === "line" ? "" : spec.fields?.join(", ")].filter(Boolean).join(" · ");
    const frame = new PanelFrame({ ...parts, make: VIEWS[spec.kind], title });
    return { element: frame.element, frames: [frame], dispose: () => frame.dispose() };
  }

  /** Also when the host has put the panel into the page, or into another one: what was not drawn meanwhile is drawn now. */
  private resized(): void {
    const width = this.root.clientWidth;
    if (width > 0) {
      addStyles(this.root);
      this.root.classList.toggle("ld-narrow", width < NARROW_PX);
      this.root.classList.toggle("ld-wide", width >= WIDE_PX);
    }
    this.frames().forEach((frame) => frame.resized());
  }

  private themed(): void {
    this.root.classList.toggle("ld-dark", currentTheme().isDark);
    this.frames().forEach((frame) => frame.themed());
  }

  private frames(): PanelFrame[] {
    return this.members.flatMap((member) => member.frames);
  }
}

function titled(text: string): HTMLElement {
  const title = document.createElement("div");
  title.className = "ld-title";
  title.textContent = text;
  return title;
}
