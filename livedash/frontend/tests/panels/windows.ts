// Rolling windows for the panels' tests.
import { RollingWindow } from "../../src/panels/window.ts";
import { batchOf } from "./batches.ts";

export type Records = readonly Record<string, unknown>[];
type Types = NonNullable<NonNullable<Parameters<typeof batchOf>[1]>["types"]>;

/** A window that got the records in batches of one size. */
export function windowOf(records: Records, { capacity = 10_000, batch = records.length, types = {} as Types } = {}): RollingWindow {
  const window = new RollingWindow(capacity);
  for (let from = 0; from < records.length; from += batch) {
    const part = records.slice(from, from + batch);
    window.append(batchOf(part, { offset: from + part.length, types }));
  }
  return window;
}

/** A field's values as the records had them. */
export function cells(window: RollingWindow, name: string): unknown[] {
  const field = window.fields.get(name);
  return Array.from({ length: window.length }, (_, at) => field?.cell(window.start + at));
}

export function steps(from: number, to: number): { step: number }[] {
  return Array.from({ length: to - from }, (_, index) => ({ step: from + index }));
}
