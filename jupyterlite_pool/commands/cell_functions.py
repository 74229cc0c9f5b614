"""Whether functions of the notebook that a cell calls use names that the cell assigns.

Such a function is sent with the notebook's values of the names that it uses. It sees nothing that
the cell assigns, and the cell sees nothing that it assigns with `global`. In a notebook they would
share these names. So the values would be wrong, and nobody would know.
"""

from __future__ import annotations

import ast
import builtins
import dis
import functools
import inspect
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .cell_names import is_imported

#: A line and a column of the body.
Position = tuple[float, float]

_START: Position = (0, 0)
_END: Position = (float("inf"), 0)

#: Containers with more than this are data: nobody looks for functions in them.
_MANY = 100


def shared_with_functions(
    tree: ast.Module,
    assigned: Collection[str],
    sent: Mapping[str, Any],
    namespace: Mapping[str, Any],
) -> str | None:
    """Why the values would be wrong: a function of the notebook shares a variable with the cell.

    Args:
        tree: the body.
        assigned: the names that the cell and its target assign.
        sent: the notebook's variables that the cell reads, with their values.
        namespace: the notebook's variables.

    Returns:
        None if no function that the cell calls uses a name that the cell has assigned before, or
        sets one that the cell uses.
    """
    order = _Order(tree)
    imports = _imports(tree)
    for name, value in sent.items():
        for function in _functions_of(value, namespace):
            label = f"`{function.__qualname__.removeprefix('<locals>.')}`"
            reads, sets = _globals_of(function.__code__)
            for shared in sorted(sets):
                if shared in assigned or shared in order.last_read:
                    return (
                        f"The cell uses `{shared}`, and {label} sets it with `global`: on a worker "
                        f"each has a `{shared}` of its own. Let {label} return the value, and "
                        "assign it in the cell."
                    )
            for shared in sorted(reads & set(assigned)):
                late = order.first_set.get(shared, _START) >= order.last_read.get(name, _END)
                if late or _is_the_same(shared, shared in imports, namespace):
                    continue
                return (
                    f"The cell assigns `{shared}`, but {label} would not see that on a worker: "
                    f"it reads the notebook's `{shared}`. Pass the value to {label} as an argument."
                )
    return None


def _is_the_same(name: str, imports: bool, namespace: Mapping[str, Any]) -> bool:
    """Whether a function may well mean something else than the cell's name, or the same module."""
    if name not in namespace:
        return imports or hasattr(builtins, name)
    return imports and is_imported(namespace[name])


def _imports(tree: ast.Module) -> set[str]:
    """The names under which a body imports something."""
    return {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }


class _Order(ast.NodeVisitor):
    """Where the names of a body are first set, and where they are last read."""

    def __init__(self, tree: ast.Module) -> None:
        self.first_set: dict[str, Position] = {}
        self.last_read: dict[str, Position] = {}
        #: Where what is visited may run once more: the end of the loop, or of everything.
        self._again = _START
        #: Where the value ends that is assigned.
        self._value = _START
        self.visit(tree)

    def visit(self, node: ast.AST) -> None:
        """Visit a node, and know whether it may run later or again."""
        before = self._again, self._value
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.GeneratorExp():
                self._again = _END
            case ast.For() | ast.AsyncFor() | ast.While():
                line, column = _end(node)
                self._again = max(self._again, (line, column + 1))  # after all that is in it
        match node:
            case ast.Name(ctx=ast.Store()):
                self._sets(node.id, max(self._value, (node.lineno, node.col_offset)))
            case ast.Name():
                here = max(self._again, (node.lineno, node.col_offset))
                self.last_read[node.id] = max(here, self.last_read.get(node.id, _START))
            case ast.AugAssign(target=ast.Name(name)):
                self.last_read.setdefault(name, (node.lineno, node.col_offset))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._sets(node.name, (node.lineno, node.col_offset))
            case ast.Global():
                for name in node.names:
                    self._sets(name, _START)
        match node:
            case ast.Assign() | ast.AugAssign() | ast.NamedExpr():
                self._value = _end(node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                self._value = _end(value)
        self.generic_visit(node)
        self._again, self._value = before

    def _sets(self, name: str, here: Position) -> None:
        self.first_set[name] = min(here, self.first_set.get(name, _END))


def _end(node: Any) -> Position:
    return (node.end_lineno, node.end_col_offset)


def _functions_of(
    value: object, namespace: Mapping[str, Any], seen: set[int] | None = None
) -> Iterator[types.FunctionType]:
    """The functions of the notebook that whoever has a value may call, also by each other."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, types.FunctionType) and value.__globals__ is namespace:
        yield value
        reads, _ = _globals_of(value.__code__)
        for name in sorted(reads & namespace.keys()):
            yield from _functions_of(namespace[name], namespace, seen)
    for part in _parts(value):
        yield from _functions_of(part, namespace, seen)


def _parts(value: object) -> list[object]:
    """What else a value may call."""
    match value:
        case types.FunctionType():
            closure = [cell for cell in value.__closure__ or () if cell != types.CellType()]
            return [cell.cell_contents for cell in closure]
        case types.MethodType():
            return [value.__func__, value.__self__]
        case functools.partial():
            return [value.func, *value.args, *value.keywords.values()]
        case staticmethod() | classmethod():
            return [value.__func__]
        case property():
            return [value.fget, value.fset, value.fdel]
        case list() | tuple() | set() | frozenset():
            return list(value) if len(value) <= _MANY else []
        case dict():
            return list(value.values()) if len(value) <= _MANY else []
        case type():
            if value.__module__ != "__main__":
                return []
            return [*vars(value).values(), *value.__bases__]
    kind = type(value)
    own = [kind] if kind.__module__ == "__main__" else []
    return [*own, inspect.getattr_static(value, "__wrapped__", None)]  # as `functools.cache` has it


def _globals_of(code: types.CodeType) -> tuple[set[str], set[str]]:
    """The global names that a function reads, and those that it sets."""
    reads, sets = set(), set()
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            reads.add(step.argval)
        elif step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            sets.add(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            more_reads, more_sets = _globals_of(inner)
            reads |= more_reads
            sets |= more_sets
    return reads, sets
