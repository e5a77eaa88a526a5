"""What befalls a broker, a line to it or a hub, and what comes of it. `python -m tests.benchmarks.chaos [--kinds redis nats]`

Two servers, a script that pushes 250 records a second and a reader at each. Told per fault and broker: records lost, doubled
and out of order at both servers and both readers, gaps that readers were told of, and how long after the end of the fault both
readers had all that had been pushed by then, and went on: the median of the rounds, with the least and the greatest.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from tests.end_to_end.chaos import FAULTS, KINDS, LONG_S, Outcome, suffer


def one_round(kind: str, fault: str, pause_s: float) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return suffer(kind, fault, Path(folder), pause_s=pause_s)


def told(outcomes: list[Outcome]) -> str:
    gaps = sorted({reason for each in outcomes for reason in each.gaps})
    seconds = [each.consistent_s for each in outcomes]
    counts = [
        sum(each.pushed for each in outcomes),
        sum(each.lost for each in outcomes),
        sum(each.doubled for each in outcomes),
        sum(each.misplaced for each in outcomes),
    ]
    took = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"
    gaps_told = f"{sum(len(each.gaps) for each in outcomes)} {' '.join(gaps)}".strip()
    epochs = max(each.epochs for each in outcomes)
    return " | ".join([*(f"{count:,}" for count in counts), str(epochs), gaps_told, took])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--pause", type=float, default=LONG_S, help="seconds for which a process is stopped or a line is cut"
    )
    asked = parser.parse_args()
    print("| fault | broker | pushed | lost | doubled | out of order | epochs | gaps told | seconds to consistent |")
    print("|---|---|---|---|---|---|---|---|---|")
    is_whole = True
    for fault in asked.faults:
        for kind in (kind for kind in asked.kinds if fault in KINDS[kind].faults):
            outcomes = [one_round(kind, fault, asked.pause) for _ in range(asked.rounds)]
            print(f"| {fault} | {kind} | {told(outcomes)} |", flush=True)
            for outcome in outcomes:
                if outcome.wrong:
                    print("\n".join(outcome.wrong), file=sys.stderr)
            is_whole = is_whole and all(outcome.is_whole for outcome in outcomes)
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
