// One requestAnimationFrame for all panels of the page: each is drawn at most once a frame, and only if it asked.

export interface Painter {
  /** Draws now. `nowMs` is the frame's time. */
  paint(nowMs: number): void;
}

const waiting = new Set<Painter>();
let frame = 0;

export function requestPaint(painter: Painter): void {
  waiting.add(painter);
  if (frame === 0) frame = requestAnimationFrame(run);
}

export function cancelPaint(painter: Painter): void {
  waiting.delete(painter);
}

function run(nowMs: number): void {
  frame = 0;
  const due = [...waiting];
  waiting.clear();
  for (const painter of due) {
    try {
      painter.paint(nowMs);
    } catch (error) {
      // One panel's fault must not stop the others; the console says which.
      reportError(error);
    }
  }
}
