// Which numeric fields share a chart: those of like size, or of the same unit by their names. Pure; drawing is auto.ts's business.
import { drawnFields } from "./tracks.ts";
import type { RollingWindow } from "./window.ts";
import type { X } from "./x_axis.ts";

const MOST_DECADES = 1.3; // fields of one chart differ by less than a factor of 20
const MOST_DECADES_OF_UNIT = 3;
const MOST_SERIES = 8;
const SAMPLES = 400;
const TYPICAL_SHARE = 0.9; // of the sample lies below: a single spike says nothing of a field's size
const UNIT = /_(percent|pct|ratio|ns|us|ms|s|sec|seconds|kb|mb|gb|kb_s|mb_s|gb_s|bytes|bytes_s|bps|hz|khz|mhz|watts|volts|celsius|rpm|usd|eur)$/i;

export interface Sized {
  readonly name: string;
  /** log10 of what its values typically are; null where all are zero. */
  readonly size: number | null;
}

/** A chart's fields; the array stays the same while fields join and leave. */
export interface Group {
  readonly fields: string[];
}

/** The fields that are drawn and have a number by now. */
export function sizedFields(window: RollingWindow, x: X, asked: readonly string[] | null): Sized[] {
  const names = asked ?? drawnFields(window, x);
  return names.filter((name) => window.fields.get(name)?.isNumeric).map((name) => ({ name, size: sizeOf(window, name) }));
}

/** Puts fields that no group has yet where they fit; nothing else moves. */
export function join(groups: Group[], sized: readonly Sized[]): void {
  const sizes = new Map(sized.map(({ name, size }) => [name, size]));
  const known = new Set(groups.flatMap(({ fields }) => fields));
  for (const one of sized) {
    if (known.has(one.name)) continue;
    const group = groups.find(({ fields }) => fits(fields, sizes, one));
    if (group) group.fields.push(one.name);
    else groups.push({ fields: [one.name] });
  }
}

/** Groups anew. A group whose first field stays first in one is kept, with other fields; the rest are new, or gone. */
export function regroup(groups: Group[], sized: readonly Sized[]): void {
  const next: Group[] = [];
  join(next, sized);
  const kept = next.map(({ fields }) => {
    const group = groups.find((old) => old.fields[0] === fields[0]);
    group?.fields.splice(0, Infinity, ...fields);
    return group ?? { fields };
  });
  groups.splice(0, Infinity, ...kept);
}

function fits(fields: readonly string[], sizes: ReadonlyMap<string, number | null>, { name, size }: Sized): boolean {
  if (fields.length >= MOST_SERIES) return false;
  const unit = unitOf(name);
  if (fields.some((field) => unitOf(field) !== unit)) return false;
  const all = [...fields.map((field) => sizes.get(field) ?? null), size].filter((one) => one !== null);
  return Math.max(...all) - Math.min(...all) <= (unit ? MOST_DECADES_OF_UNIT : MOST_DECADES) || all.length < 2;
}

function unitOf(name: string): string | null {
  return UNIT.exec(name)?.[1]?.toLowerCase() ?? null;
}

function sizeOf(window: RollingWindow, name: string): number | null {
  const ys = window.numbers(name)!;
  const step = Math.max(1, Math.floor(window.length / SAMPLES));
  const sizes: number[] = [];
  for (let at = window.end - 1; at >= window.start; at -= step) {
    const size = Math.abs(ys[at]!);
    if (size > 0 && size < Infinity) sizes.push(size);
  }
  if (sizes.length === 0) {
    const latest = Math.abs(window.latest(name)); // a field that few records have may lie between the samples
    return latest > 0 ? Math.log10(latest) : null;
  }
  sizes.sort((a, b) => a - b);
  return Math.log10(sizes[Math.floor((sizes.length - 1) * TYPICAL_SHARE)]!);
}
