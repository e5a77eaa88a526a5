// What is done less often than a panel is painted: at most every so many ms, and once more after it was put off last, since what was
// drawn last is what stays on the screen.

export class Pace {
  private lastMs = -Infinity;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly everyMs: number,
    private readonly repaint: () => void,
  ) {}

  /** True if it is time. Else `repaint` is called when it is. */
  isDue(nowMs: number): boolean {
    const leftMs = this.lastMs + this.everyMs - nowMs;
    if (leftMs > 0) {
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.repaint();
      }, leftMs);
      return false;
    }
    this.lastMs = nowMs;
    this.stop();
    return true;
  }

  /** The next time is at once. */
  hurry(): void {
    this.lastMs = -Infinity;
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
