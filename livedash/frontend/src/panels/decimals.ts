// Numbers of a column below each other by their decimal points: all get the decimals of the one that has most. Pure.

/** Above it, a column's numbers differ too much in size for one number of decimals. */
export const MOST_DECIMALS = 4;
const PLAIN = /^−?[\d,]+(?:\.(\d+))?$/;

export class Decimals {
  /** Grows when a column gets more of them: what was written before is out of line. */
  version = 0;
  private readonly most = new Map<string, number>();

  /** The text with as many decimals as any in its column that was seen so far. */
  aligned(column: string, text: string): string {
    const found = PLAIN.exec(text);
    if (!found) return text;
    const own = found[1]?.length ?? 0;
    const most = this.most.get(column) ?? 0;
    if (own > most) {
      this.most.set(column, own);
      this.version++;
    }
    if (own >= most || most > MOST_DECIMALS) return text;
    return `${text}${own === 0 ? "." : ""}${"0".repeat(most - own)}`;
  }
}
