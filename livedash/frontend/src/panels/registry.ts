// Each kind of panel, and what draws it. `auto` is none of them: it chooses among these.
import type { MakeView } from "./contract.ts";
import { figureView } from "./figure.ts";
import { lineView } from "./line.ts";
import { logView } from "./log.ts";
import { numberView } from "./number.ts";
import type { PanelKind } from "./spec.ts";
import { tableView } from "./table.ts";

export const VIEWS: Readonly<Record<Exclude<PanelKind, "auto">, MakeView>> = {
  line: lineView,
  number: numberView,
  table: tableView,
  log: logView,
  figure: figureView,
};
