// The frame around a view: title, state badge, and the reason and the fix where there is nothing to draw; it decides when to paint.
import type { Client, PanelStatistics } from "../client/contract.ts";
import { badgeOf } from "./badge.ts";
import type { MakeView, View, ViewContext } from "./contract.ts";
import type { ReadableFeed } from "./feed.ts";
import { cancelPaint, requestPaint, type Painter } from "./scheduler.ts";
import type { PanelSpec } from "./spec.ts";
import { currentTheme } from "./theme.ts";

const BADGE_EVERY_MS = 1000;

export class PanelFrame implements Painter {
  readonly element = document.createElement("section");
  private readonly name = document.createElement("span");
  private readonly badge = document.createElement("span");
  private readonly message = document.createElement("div");
  private view: View | null = null;
  private frames = 0;
  private painted = 0;
  private paintedMs = 0;
  private isGone = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly unregister: () => void;
  private readonly stopListening: () => void;
  private readonly clock: ReturnType<typeof setInterval>;
  private width = 0;
  private messageShown = "";

  constructor(
    client: Client,
    private readonly feed: ReadableFeed,
    private readonly spec: PanelSpec,
    private readonly make: MakeView,
    private readonly base: string | null,
    title: string,
  ) {
    this.element.className = "ld-panel";
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", title);
    const head = document.createElement("div");
    head.className = "ld-head";
    this.name.className = "ld-name";
    this.name.textContent = title;
    this.badge.className = "ld-badge";
    this.badge.setAttribute("role", "status");
    const space = document.createElement("span");
    space.className = "ld-space";
    this.message.className = "ld-message";
    head.append(this.name, space, this.badge);
    this.element.append(head, this.message);
    this.unregister = client.registerPanel(() => this.statistics());
    this.stopListening = feed.onChange(() => this.changed());
    this.clock = setInterval(() => this.showBadge(), BADGE_EVERY_MS);
    this.changed();
  }

  paint(nowMs: number): void {
    this.showBadge();
    if (!this.feed.hasRecords) return;
    const view = this.view ?? this.begin();
    const everyMs = view.everyMs ?? 0;
    if (nowMs - this.paintedMs < everyMs - 2) {
      this.timer ??= setTimeout(() => {
        this.timer = null;
        requestPaint(this);
      }, everyMs - (nowMs - this.paintedMs));
      return;
    }
    if (this.element.clientWidth === 0) return; // detached or hidden: resized() paints when it is back
    this.paintedMs = nowMs;
    if (view.paint(nowMs) === false) return;
    this.painted = this.feed.offset;
    this.frames++;
  }

  resized(): void {
    const width = this.element.clientWidth;
    if (width === 0 || this.isGone) return;
    if (width !== this.width) {
      this.width = width;
      this.view?.resize(this.bodyWidth());
    }
    requestPaint(this);
  }

  themed(): void {
    this.view?.themed(currentTheme());
    requestPaint(this);
  }

  dispose(): void {
    this.isGone = true;
    cancelPaint(this);
    clearInterval(this.clock);
    if (this.timer) clearTimeout(this.timer);
    this.stopListening();
    this.unregister();
    this.view?.dispose();
    this.element.remove();
  }

  private changed(): void {
    if (this.isGone) return;
    this.showMessage();
    requestPaint(this);
  }

  private begin(): View {
    const context: ViewContext = { spec: this.spec, feed: this.feed, theme: currentTheme(), base: this.base, repaint: () => requestPaint(this) };
    const view = this.make(context);
    this.view = view;
    this.element.append(view.element);
    this.showMessage();
    this.width = this.element.clientWidth;
    view.resize(this.bodyWidth());
    return view;
  }

  private bodyWidth(): number {
    const style = getComputedStyle(this.element);
    return Math.max(40, this.element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
  }

  private showMessage(): void {
    const { state, reason, fix } = this.feed.status;
    const isBroken = state === "failed" || state === "ended";
    const shown = JSON.stringify([state, reason, fix, this.view !== null]);
    if (shown === this.messageShown) return; // asked with each batch
    this.messageShown = shown;
    this.message.hidden = this.view !== null && !isBroken;
    this.message.classList.toggle("ld-broken", isBroken);
    const rooms = this.feed.rooms.join(", ");
    this.message.replaceChildren();
    if (isBroken) {
      const why = document.createElement("b");
      why.textContent = this.view ? `No longer live: ${reason ?? "unknown reason"}.` : `Can't show ${rooms}: ${reason ?? "unknown reason"}.`;
      this.message.append(why, ` ${fix ?? ""}`);
    } else {
      this.message.textContent = state === "connecting" ? "Connecting…" : `Waiting for the first record in ${rooms}`;
    }
  }

  private showBadge(): void {
    const { text, tone, title } = badgeOf(this.feed, Date.now());
    if (this.badge.textContent !== text) this.badge.textContent = text;
    this.badge.dataset.tone = tone;
    this.badge.title = title;
  }

  private statistics(): PanelStatistics {
    return {
      room: this.feed.rooms.join(","),
      painted_offset: this.painted,
      frames: this.frames,
      dropped: 0, // positions, not queues: this page passes over nothing without a gap
      state: this.feed.status.state,
    };
  }
}
