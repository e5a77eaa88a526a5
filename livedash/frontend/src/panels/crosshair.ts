// One crosshair for all charts of a page whose x means the same: where the pointer is in one, the others show it too.

export interface Pointed {
  /** Charts with the same key share x. */
  readonly key: string;
  point(x: number | null): void;
}

const charts = new Set<Pointed>();

export function joinCrosshair(chart: Pointed): () => void {
  charts.add(chart);
  return () => {
    charts.delete(chart);
  };
}

export function pointOthers(from: Pointed, x: number | null): void {
  for (const chart of charts) if (chart !== from && chart.key === from.key) chart.point(x);
}
