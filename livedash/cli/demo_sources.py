"""The demo's input, all of it real: this machine, a network that learns scikit-learn's digits, and the stocks of plotly.data."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, Final

from livedash import api as ld
from livedash import sources

CLASSES: Final = list(range(10))
STOCKS: Final = ["GOOG", "AAPL", "AMZN", "FB", "NFLX", "MSFT"]
_REPLAY_SPEED: Final = 7 * 86_400.0  # the table has a row a week: one a second
_BATCH: Final = 32
_HIDDEN: Final = 48
_LEARNING_RATE: Final = 0.12
_EPOCHS: Final = 60
_SAMPLE: Final = 300
_SEED: Final = 7
_MAX_PIXEL: Final = 16.0


def training_steps(epochs: int = _EPOCHS) -> Iterator[tuple[dict[str, Any], list[list[int]] | None]]:
    """A record for each step of gradient descent, and at the end of an epoch the confusion matrix of a sample.

    A network of one hidden layer (rectified linear units, softmax, cross-entropy), written out in numpy.
    """
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.metrics import confusion_matrix
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(pixels / _MAX_PIXEL, labels, test_size=0.25, random_state=_SEED)
    random = np.random.default_rng(_SEED)
    weights = [random.normal(0, 0.1, (train_x.shape[1], _HIDDEN)), random.normal(0, 0.1, (_HIDDEN, len(CLASSES)))]

    def forward(x: Any) -> tuple[Any, Any]:
        hidden = np.maximum(x @ weights[0], 0)
        scores = hidden @ weights[1]
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return hidden, powers / powers.sum(axis=1, keepdims=True)

    step = 0
    for _ in range(epochs):
        order = random.permutation(len(train_x))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            x, y = train_x[rows], train_y[rows]
            hidden, chances = forward(x)
            loss = float(-np.log(chances[range(len(y)), y] + 1e-12).mean())
            error = (chances - np.eye(len(CLASSES))[y]) / len(y)
            back = (error @ weights[1].T) * (hidden > 0)
            weights[1] -= _LEARNING_RATE * hidden.T @ error
            weights[0] -= _LEARNING_RATE * x.T @ back
            step += 1
            record = {"step": step, "loss": loss, "accuracy": float((chances.argmax(axis=1) == y).mean())}
            if start + _BATCH < len(order):
                yield record, None
        predicted = forward(test_x)[1].argmax(axis=1)
        record["validation_accuracy"] = float((predicted == test_y).mean())
        yield record, confusion_matrix(test_y[:_SAMPLE], predicted[:_SAMPLE], labels=CLASSES).tolist()


def train() -> Iterator[dict[str, Any]]:
    """Learns again and again; each run begins at step 1, so that the old one fades."""
    while True:
        for record, matrix in training_steps():
            if matrix is not None:
                ld.push("training.confusion", step=record["step"], matrix=matrix)
            yield record


def main() -> None:
    """Publishes until stdin is closed: whoever started it is gone then. Ctrl+C is for who started it, too."""
    import pandas as pd
    from plotly.data import stocks

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sources.system()
    ld.source("training", every="0.02s")(train)
    table = stocks().assign(date=lambda frame: pd.to_datetime(frame["date"]))
    sources.replay(table, time="date", speed=_REPLAY_SPEED, room="stocks", loop=True)
    sys.stdin.read()
    os._exit(0)  # the hub ends, too: there is nobody to whom the last records could be delivered


if __name__ == "__main__":
    main()
