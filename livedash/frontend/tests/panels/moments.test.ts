import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMoment, formatMoments, formatTimeOfDay, isoText } from "../../src/panels/moments.ts";

const at = (text: string): number => Date.parse(text);
const DAY_MS = 86_400_000;

test("a moment is told in its zone, by name or by offset; one that is unknown is read as UTC", () => {
  const ms = at("2026-07-01T22:30:00.250Z");
  assert.equal(formatMoment(ms, "UTC"), "2026-07-01 22:30:00.250");
  assert.equal(formatMoment(ms, "Europe/Berlin"), "2026-07-02 00:30:00.250");
  assert.equal(formatMoment(ms, "+05:30"), "2026-07-02 04:00:00.250");
  assert.equal(formatMoment(ms, "Nowhere/Land"), "2026-07-01 22:30:00.250");
  assert.equal(formatMoment(NaN, "UTC"), "–");
});

test("summer time begins where the zone says", () => {
  assert.equal(formatMoment(at("2026-03-29T00:59:59Z"), "Europe/Berlin"), "2026-03-29 01:59:59");
  assert.equal(formatMoment(at("2026-03-29T01:00:00Z"), "Europe/Berlin"), "2026-03-29 03:00:00");
});

test("midnight of a date is the day alone", () => {
  assert.equal(formatMoment(at("2018-02-05"), "UTC"), "2018-02-05");
});

test("times before 1970 keep their milliseconds", () => {
  assert.equal(formatMoment(-1, "America/New_York"), "1969-12-31 18:59:59.999");
  assert.equal(formatTimeOfDay(-1, "UTC"), "23:59:59.999");
});

test("plotly.js gets what the zone's own clock shows", () => {
  assert.equal(isoText(at("2026-07-01T22:30:00Z"), "Europe/Berlin"), "2026-07-02T00:30:00.000");
  assert.equal(isoText(NaN, "UTC"), "");
});

test("an axis of times names what its step tells apart, and the day where it changes", () => {
  const labels = (from: string, stepMs: number, count = 3): string[] => {
    const ticks = Array.from({ length: count }, (_, index) => at(from) + index * stepMs);
    return formatMoments(ticks, stepMs, "UTC", 2026);
  };
  assert.deepEqual(labels("2026-11-24T06:40:00Z", 60_000), ["06:40", "06:41", "06:42"]);
  assert.deepEqual(labels("2026-11-24T06:40:00Z", 5000), ["06:40:00", "06:40:05", "06:40:10"]);
  assert.deepEqual(labels("2026-11-24T06:40:00Z", 500), ["40:00.0", "40:00.5", "40:01.0"]);
  assert.deepEqual(labels("2026-11-24T06:40:00Z", 250), ["40:00.00", "40:00.25", "40:00.50"]);
  assert.deepEqual(labels("2026-11-24T06:40:00Z", 5), ["40:00.000", "40:00.005", "40:00.010"]);
  assert.deepEqual(labels("2026-11-24T18:00:00Z", 6 * 3_600_000), ["18:00", "Nov 25", "06:00"]);
  assert.deepEqual(labels("2026-12-24T00:00:00Z", 7 * DAY_MS), ["Dec 24", "Dec 31", "Jan 7 2027"]);
  assert.deepEqual(labels("2018-01-01T00:00:00Z", 31 * DAY_MS), ["Jan 2018", "Feb", "Mar"]);
  assert.deepEqual(labels("2018-01-01T00:00:00Z", 366 * DAY_MS), ["2018", "2019", "2020"]);
});
