"""Python's own objects of scalars and arrays of numpy, pandas, torch and jax; none of them is imported here."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Final

_UNKNOWN: Final = object()


def is_known(python: object) -> bool:
    return python is not _UNKNOWN


def size_of(value: Any) -> int:
    """How many values it would give; torch has a method where numpy has an attribute."""
    size = value.numel() if _has(value, "numel") else getattr(value, "size", 1)
    return size if isinstance(size, int) else 1


def python_of(value: Any) -> Any:
    """By the methods that these libraries share; see is_known. Raises what they raise."""
    if _library(value) == "pandas" and type(value).__name__ == "NAType":
        return None
    if _has(value, "tolist") or _has(value, "numpy"):
        python = _python_of_array(value)
        if type(python) is not type(value):  # numpy's long doubles give themselves
            return python
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) or (_has(value, "item") and _has(value, "__float__")):
        return float(value)
    return _UNKNOWN


def _python_of_array(value: Any) -> Any:
    if _has(value, "detach"):
        return value.detach().tolist()  # a torch tensor, that may still hang in its graph
    if not _has(value, "tolist"):
        return value.numpy()  # a TensorFlow tensor
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind in ("M", "m") and _library(value) == "numpy":  # nanoseconds would come as integers
        return value.astype("datetime64[us]" if kind == "M" else "timedelta64[us]").tolist()
    return value.tolist()


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _has(value: Any, method: str) -> bool:
    return callable(getattr(value, method, None))
