// What every panel is to the dashboard that holds it.
import type { ReadableFeed } from "./feed.ts";
import type { PanelSpec } from "./spec.ts";
import type { Theme } from "./theme.ts";

/** Draws what `feed` holds. Made when there is at least one record; called at most once a frame, and only when something changed. */
export interface View {
  readonly element: HTMLElement;
  /** False: nothing is on screen yet, since what draws is still being loaded. */
  paint(nowMs: number): void | false;
  resize(widthPx: number): void;
  themed(theme: Theme): void;
  dispose(): void;
  /** Least time between two paints, for views that are slow to draw. */
  readonly everyMs?: number;
}

export interface ViewContext {
  readonly spec: PanelSpec;
  readonly feed: ReadableFeed;
  readonly theme: Theme;
  /** Absolute URL of …/livedash/, null where there is only a comm. */
  readonly base: string | null;
  /** Asks for another call of `paint`. */
  repaint(): void;
}

export type MakeView = (context: ViewContext) => View;
