// One requestAnimationFrame for all panels of the page: each is drawn at most once a frame, and only if it asked.

export interface Painter {
  /** Draws now. `nowMs` is the frame's time. */
  paint(nowMs: number): void;
}

/** Between two pictures, for who asked their system for less motion. */
const CALM_MS = 250;

const waiting = new Set<Painter>();
let isAsked = false;
let lastMs = -Infinity;

export function requestPaint(painter: Painter): void {
  waiting.add(painter);
  if (isAsked) return;
  isAsked = true;
  const pauseMs = lastMs + CALM_MS - performance.now();
  if (pauseMs > 0 && isCalm()) setTimeout(() => requestAnimationFrame(run), pauseMs);
  else requestAnimationFrame(run);
}

export function cancelPaint(painter: Painter): void {
  waiting.delete(painter);
}

function run(nowMs: number): void {
  isAsked = false;
  lastMs = nowMs;
  const due = [...waiting];
  waiting.clear();
  for (const painter of due) {
    try {
      painter.paint(nowMs);
    } catch (error) {
      reportError(error); // one panel's fault must not stop the others; the console says which
    }
  }
}

let calmQuery: MediaQueryList | null = null;

function isCalm(): boolean {
  calmQuery ??= matchMedia("(prefers-reduced-motion: reduce)");
  return calmQuery.matches;
}
