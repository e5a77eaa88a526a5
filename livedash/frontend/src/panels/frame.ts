// The frame around a view: title, state badge, and the reason and the fix where there is nothing to draw; it decides when to paint.
import type { Client, PanelStatistics } from "../client/contract.ts";
import { Badge } from "./badge.ts";
import type { MakeView, PanelHost, View, ViewContext } from "./contract.ts";
import type { ReadableFeed } from "./feed.ts";
import { Message } from "./message.ts";
import { cancelPaint, requestPaint, type Painter } from "./scheduler.ts";
import type { PanelSpec } from "./spec.ts";
import { currentTheme } from "./theme.ts";
import { watchNearness } from "./visibility.ts";

const AWAY_MS = 1000; // between two pictures of a panel that is not on the screen: what a scroll brings is never old
const EARLY_MS = 2; // a frame that comes so little before its time is not left out

export interface FrameParts {
  readonly client: Client;
  readonly feed: ReadableFeed;
  readonly spec: PanelSpec;
  readonly make: MakeView;
  readonly host: PanelHost;
  /** "" leaves it to the view's own header. */
  readonly title: string;
}

export class PanelFrame implements Painter {
  readonly element = document.createElement("section");
  private readonly head = document.createElement("header");
  private readonly badge = new Badge();
  private readonly message = new Message();
  private view: View | null = null;
  private frames = 0;
  private readonly painted = new Map<string, number>();
  private paintedMs = -Infinity;
  private isNear = true;
  private isGone = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private width = 0;
  private readonly registered = new Map<string, () => void>();
  private readonly stopListening: () => void;
  private readonly stopWatching: () => void;

  constructor(private readonly parts: FrameParts) {
    const { feed, spec, title } = parts;
    this.element.className = `ld-panel ld-panel-${spec.kind}`;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", title || (spec.fields ?? spec.rooms).join(", "));
    this.head.className = "ld-head";
    if (title) this.head.append(named("ld-name", title));
    this.head.append(this.badge.element);
    this.element.append(this.head, this.message.element);
    for (const room of feed.rooms) this.register(room);
    this.stopListening = feed.onChange(() => this.changed());
    this.stopWatching = watchNearness(this.element, (isNear) => this.moved(isNear));
    this.changed();
  }

  paint(nowMs: number): void {
    const { feed } = this.parts;
    this.badge.show(feed);
    if (!feed.hasRecords && !this.view?.drawsEmpty) return;
    if (this.width === 0) this.width = this.element.clientWidth;
    if (this.width === 0) return; // detached or hidden: resized() paints when it is back
    const view = this.view ?? this.begin();
    const waitMs = Math.max(view.everyMs ?? 0, this.isNear ? 0 : AWAY_MS) - (nowMs - this.paintedMs);
    if (waitMs > EARLY_MS) return this.paintIn(waitMs);
    this.paintedMs = nowMs;
    if (view.paint(nowMs) === false) return;
    this.frames++;
    for (const [room, window] of feed.windows) this.painted.set(room, window.offset);
  }

  resized(): void {
    const width = this.element.clientWidth;
    if (this.isGone) return;
    if (width !== this.width && width > 0) this.view?.resize(this.bodyWidth());
    this.width = width;
    requestPaint(this);
  }

  themed(): void {
    this.view?.themed(currentTheme());
    this.paintSoon();
  }

  dispose(): void {
    this.isGone = true;
    cancelPaint(this);
    if (this.timer) clearTimeout(this.timer);
    this.stopListening();
    this.stopWatching();
    this.registered.forEach((unregister) => unregister());
    this.badge.dispose();
    this.view?.dispose();
    this.element.remove();
  }

  private changed(): void {
    if (this.isGone) return;
    const { feed } = this.parts;
    this.message.show(feed, this.view !== null);
    for (const room of feed.windows.keys()) this.register(room);
    requestPaint(this);
  }

  private begin(): View {
    const { spec, feed, host, make } = this.parts;
    const context: ViewContext = { spec, feed, theme: currentTheme(), host, repaint: () => this.paintSoon() };
    const view = make(context);
    this.view = view;
    if (view.header) this.badge.element.before(view.header);
    this.element.append(view.element);
    this.message.show(feed, true);
    view.resize(this.bodyWidth());
    return view;
  }

  /** What the viewer did shows at once, however slow the view. */
  private paintSoon(): void {
    if (this.isGone) return;
    if (this.isNear && !this.view?.everyMs) this.paintedMs = -Infinity;
    requestPaint(this);
  }

  private paintIn(waitMs: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      requestPaint(this);
    }, waitMs);
  }

  private moved(isNear: boolean): void {
    this.isNear = isNear;
    if (isNear) this.paintSoon();
  }

  private bodyWidth(): number {
    const { paddingLeft, paddingRight } = getComputedStyle(this.element);
    return Math.max(40, this.element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight));
  }

  private register(room: string): void {
    const { client, feed } = this.parts;
    if (this.registered.has(room)) return;
    const read = (): PanelStatistics => ({
      room,
      painted_offset: this.painted.get(room) ?? 0,
      frames: this.frames,
      dropped: feed.missed + (feed.status.publisherDropped ?? 0),
      state: feed.status.state,
    });
    this.registered.set(room, client.registerPanel(read));
  }
}

function named(className: string, text: string): HTMLElement {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = element.title = text;
  return element;
}
