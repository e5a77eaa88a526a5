// What every panel is to the frame that holds it.
import type { ReadableFeed } from "./feed.ts";
import type { PanelSpec } from "./spec.ts";
import type { Theme } from "./theme.ts";

/** Draws what `feed` holds. Made when there is at least one record. */
export interface View {
  readonly element: HTMLElement;
  /** Stands in the frame's head, beside the title. */
  readonly header?: HTMLElement;
  /**
   * Called in an animation frame, once in it at most, if something changed and the panel is where it can be seen.
   * False: nothing is on screen yet, since what draws is still being loaded.
   */
  paint(nowMs: number): void | false;
  resize(widthPx: number): void;
  themed(theme: Theme): void;
  dispose(): void;
  /** True if it shows, too, that all of its records are gone; others keep their last picture. */
  readonly drawsEmpty?: boolean;
  /** Least time between two paints, for views that are slow to draw. */
  readonly everyMs?: number;
}

export interface ViewContext {
  readonly spec: PanelSpec;
  readonly feed: ReadableFeed;
  readonly theme: Theme;
  readonly host: PanelHost;
  /** Asks for another call of `paint`. */
  repaint(): void;
}

/** What a panel may ask of where it lives. */
export interface PanelHost {
  /** Absolute URL of …/livedash/, null where there is only a comm. */
  readonly base: string | null;
  /** Loads one of the server's static scripts where there is another way to it than `base`. */
  readonly loadScript?: (name: string) => Promise<void>;
}

export type MakeView = (context: ViewContext) => View;
