"""A notebook cell's body as a source's function: run in the user's namespace, its last expression is what it gives."""

from __future__ import annotations

import ast
import inspect
from types import CodeType, FunctionType
from typing import Any

from livedash.errors import SettingRefusedError
from livedash.sources.turns import Function

_AWAITS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def function_of_cell(source: str, namespace: dict[str, Any], filename: str) -> Function:
    """`source` is plain Python; with `await` in it the function is an async one.

    Raises SettingRefusedError for what is no Python, or does not end in an expression.
    """
    try:
        tree = ast.parse(source, filename)
        last = tree.body.pop() if tree.body else None
        if not isinstance(last, ast.Expr):
            raise SettingRefusedError(
                "the cell's last line is no expression: end it with what is to be pushed, such as {'loss': loss}"
            )
        before = compile(tree, filename, "exec", flags=_AWAITS)
        value = compile(ast.Expression(last.value), filename, "eval", flags=_AWAITS)
    except SyntaxError as error:
        raise SettingRefusedError(f"the cell is no Python: {error}") from error
    if any(code.co_flags & inspect.CO_COROUTINE for code in (before, value)):
        return _async_function(before, value, namespace)

    def run() -> Any:
        FunctionType(before, namespace)()  # a module's code keeps its names in the namespace, as the cell itself does
        return FunctionType(value, namespace)()

    return run


def _async_function(before: CodeType, value: CodeType, namespace: dict[str, Any]) -> Function:
    async def run_async() -> Any:
        for code in (before, value):
            given = FunctionType(code, namespace)()
            if code.co_flags & inspect.CO_COROUTINE:
                given = await given
        return given

    return run_async
