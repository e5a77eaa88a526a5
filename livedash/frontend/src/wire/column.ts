// One column of a batch: the values of one field, with its type. Reading rows out of it is here; decoding it is in json.ts and msgpack.ts.

export type ColumnType = "f8" | "i8" | "bool" | "str" | "time" | "json";

export interface Column {
  readonly type: ColumnType;
  /** Ascending rows that do not have the field; `values` holds the other rows only. Absent is not null. */
  readonly absent: readonly number[];
  /**
   * f8, i8, bool (0/1) and time (ms since 1970, fractional): Float64Array, with NaN for null.
   * str: (string | null)[]. json: unknown[].
   */
  readonly values: Float64Array | readonly unknown[];
  /** i8 only, where some value lies beyond ±(2^53 − 1): each present row's exact text. */
  readonly exact?: readonly (string | null)[];
  readonly unit?: string;
  readonly tz?: string;
}
