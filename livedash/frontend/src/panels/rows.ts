// A list of a window's rows in which only those in view are in the page: a fixed height a row, a spacer as tall as all of them, and a few elements
// that are filled anew. It follows the newest row until the viewer scrolls away from it, and then stays where it is while rows come.
import { formatCount } from "./format.ts";
import type { RollingWindow } from "./window.ts";

export interface RowsParts {
  readonly heightPx: number;
  readonly rowPx: number;
  /** Newest rows at the top, or at the end. */
  readonly newest: "first" | "last";
  readonly newRow: () => HTMLElement;
  /** `row` by the window's numbers. */
  readonly fill: (element: HTMLElement, row: number) => void;
  readonly onScroll: () => void;
}

const MOST_ROWS = 200; // in the page, whatever the height
const NEAR_PX = 4;

export class Rows {
  readonly element = document.createElement("div");
  private readonly spacer = document.createElement("div");
  private readonly back = document.createElement("button");
  private pool: HTMLElement[] = [];
  private readonly shown = new WeakMap<HTMLElement, number>();
  /** The newest row as the viewer left it; null while following. */
  private pinned: number | null = null;
  private shownPx = 0;
  private firstRow = -1;

  constructor(private readonly parts: RowsParts) {
    this.element.className = "ld-scroll";
    this.element.style.maxHeight = `${parts.heightPx}px`;
    this.element.tabIndex = 0;
    this.spacer.className = "ld-spacer";
    this.back.type = "button";
    this.back.className = "ld-follow";
    this.back.hidden = true;
    this.back.onclick = () => this.followAgain();
    this.element.append(this.spacer);
    this.element.addEventListener("scroll", () => parts.onScroll(), { passive: true });
  }

  /** A button to come back; where it stands is the panel's business. */
  get followButton(): HTMLElement {
    return this.back;
  }

  /** The rows are drawn anew from the beginning: others, or in another order. */
  reset(): void {
    this.pool.splice(0).forEach((element) => element.remove());
  }

  /** Rows in an order of their own, first one on top, which does not follow the newest. Each stays in its element while it is in view. */
  paintOrder(order: readonly number[]): void {
    this.pinned = null;
    this.back.hidden = true;
    this.draw(order.length, (at) => order[at]!, { isKept: true });
  }

  paintByTime(window: RollingWindow): void {
    const isFirst = this.parts.newest === "first";
    this.pin(window, isFirst);
    const last = Math.max(this.pinned ?? window.nextRow, window.firstRow);
    const count = (isFirst ? last : window.nextRow) - window.firstRow;
    if (!isFirst && this.pinned === null) this.draw(count, (at) => window.firstRow + at, { isAtEnd: true });
    else this.draw(count, (at) => (isFirst ? last - 1 - at : window.firstRow + at));
    const fresh = this.pinned === null ? 0 : window.nextRow - this.pinned;
    this.back.hidden = this.pinned === null;
    const text = `${isFirst ? "↑" : "↓"} ${fresh > 0 ? `${formatCount(fresh)} new` : "newest"}`;
    if (!this.back.hidden && this.back.textContent !== text) this.back.textContent = text;
  }

  /** Where the viewer's scroll says so. */
  private pin(window: RollingWindow, isFirst: boolean): void {
    const { element } = this;
    const farPx = isFirst ? element.scrollTop : this.shownPx - element.scrollTop - element.clientHeight;
    if (farPx <= NEAR_PX) this.pinned = null;
    else this.pinned ??= window.nextRow;
    if (isFirst) return;
    if (this.pinned !== null) this.keepPlace(window);
    this.firstRow = window.firstRow;
  }

  /** With the newest at the end, rows that leave the window go from the top: what the viewer reads must not move. */
  private keepPlace(window: RollingWindow): void {
    const gone = this.firstRow < 0 ? 0 : window.firstRow - this.firstRow;
    if (gone > 0) this.element.scrollTop -= gone * this.parts.rowPx;
  }

  /** The row that an element shows. */
  rowOf(element: HTMLElement): number {
    return this.shown.get(element) ?? -1;
  }

  private draw(count: number, rowAt: (at: number) => number, { isAtEnd = false, isKept = false } = {}): void {
    const { rowPx } = this.parts;
    const { element } = this;
    const heightPx = count * rowPx;
    if (heightPx !== this.shownPx) this.spacer.style.height = `${heightPx}px`;
    this.shownPx = heightPx;
    const viewPx = Math.min(this.parts.heightPx, heightPx);
    const scrollPx = isAtEnd ? Math.max(0, heightPx - element.clientHeight) : element.scrollTop;
    if (isAtEnd) element.scrollTop = heightPx;
    const first = Math.max(0, Math.min(count - 1, Math.floor(scrollPx / rowPx)));
    const inView = Math.max(0, Math.min(MOST_ROWS, count - first, Math.ceil(viewPx / rowPx) + 1));
    const rows = Array.from({ length: inView }, (_, at) => rowAt(first + at));
    if (isKept) this.keepRows(rows);
    while (this.pool.length < inView) this.pool.push(this.newElement());
    while (this.pool.length > inView) this.pool.pop()!.remove();
    this.pool.forEach((element, at) => {
      const top = `translateY(${(first + at) * rowPx}px)`;
      if (element.style.transform !== top) element.style.transform = top;
      if (isKept && element.ariaRowIndex !== String(first + at + 1)) element.ariaRowIndex = String(first + at + 1);
      this.shown.set(element, rows[at]!);
      this.parts.fill(element, rows[at]!);
    });
  }

  /** Orders the elements such that each row that was in view keeps its own: what that is doing, a flash, goes on. */
  private keepRows(rows: readonly number[]): void {
    const places = new Map(rows.map((row, at) => [row, at]));
    const kept: (HTMLElement | undefined)[] = rows.map(() => undefined);
    const free: HTMLElement[] = [];
    for (const element of this.pool) {
      const at = places.get(this.rowOf(element));
      if (at === undefined) free.push(element);
      else kept[at] = element;
    }
    this.pool = [...kept.map((element) => element ?? free.shift() ?? this.newElement()), ...free];
  }

  private newElement(): HTMLElement {
    const element = this.parts.newRow();
    element.classList.add("ld-line-row");
    this.spacer.append(element);
    return element;
  }

  private followAgain(): void {
    this.pinned = null;
    this.element.scrollTop = this.parts.newest === "first" ? 0 : this.shownPx;
    this.parts.onScroll();
  }
}
