"""What a cell's last statement gives as the cell's value.

An expression gives its value, as in a notebook; so does an assignment. A statement with blocks
(`if`, `with`, `try`, `match`) gives what the last statement of the block gives that runs.
"""

from __future__ import annotations

import ast
from typing import Any, TypeVar

N = TypeVar("N", bound=ast.AST)

#: The variable with the cell's value.
VALUE = "__pool_value__"

#: `try` with `except`, and with `except*`, which Python 3.10 has not.
TRIES = (ast.Try, getattr(ast, "TryStar", ast.Try))

#: What may do something when it is evaluated.
_ACTS = (ast.Call, ast.Await, ast.NamedExpr)

#: What statements are called that give no value, for people.
_NAMES: dict[type[ast.stmt], str] = {
    ast.For: "a `for` loop",
    ast.AsyncFor: "a `for` loop",
    ast.While: "a `while` loop",
    ast.FunctionDef: "a definition",
    ast.AsyncFunctionDef: "a definition",
    ast.ClassDef: "a definition",
    ast.Assign: "an assignment to places that calls find",
    ast.Import: "an import",
    ast.ImportFrom: "an import",
    ast.Delete: "a `del`",
    ast.Assert: "an `assert`",
}


def keep_last_value(body: list[ast.stmt]) -> bool:
    """Let statements leave the value of the last one in the variable `VALUE`.

    Returns:
        Whether there is any way through them on which they give a value.
    """
    if not body:
        return False
    last = body[-1]
    match last:
        case ast.Expr():
            body[-1:] = [_keep(last.value)]
        case ast.Assign():
            target = last.targets[-1]
            if isinstance(target, (ast.Tuple, ast.List)):
                if any(isinstance(part, _ACTS) for part in ast.walk(target)):
                    return False  # to read it would do that once more
                # What is unpacked may be an iterator, which can be read only once.
                body.append(_keep(_read(target)))
            else:
                last.targets.insert(0, _at(ast.Name(VALUE, ast.Store()), last))
        case ast.AnnAssign(value=ast.expr() as value):
            body[-1:] = [_keep(value), last]
            last.value = _at(ast.Name(VALUE, ast.Load()), value)
        case ast.AugAssign(target=ast.Name()):
            body.append(_keep(_read(last.target)))
        case ast.If():
            return _any_keeps(last.body, last.orelse)
        case ast.With() | ast.AsyncWith():
            return keep_last_value(last.body)
        case ast.Match():
            return _any_keeps(*(case.body for case in last.cases))
        case _ if isinstance(last, TRIES):
            # `else` runs last where there is one.
            ends = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
            return _any_keeps(*ends)
        case _:
            return False
    return True


def _any_keeps(*blocks: list[ast.stmt]) -> bool:
    kept = [keep_last_value(block) for block in blocks]  # each of them is to keep its value
    return any(kept)


def what_gives_none(body: list[ast.stmt]) -> str | None:
    """What the last statement is, in words, if it never gives a value; None if it may give one."""
    if not body:
        return "nothing but comments"
    if isinstance(body[-1], ast.Raise):
        return None  # nobody expects a value
    last = body[-1]
    return None if keep_last_value([_copied(last)]) else _NAMES.get(type(last), "a statement")


def _keep(value: ast.expr) -> ast.stmt:
    return _at(ast.Assign([_at(ast.Name(VALUE, ast.Store()), value)], value), value)


def _read(target: ast.expr) -> ast.expr:
    """The expression that reads what was assigned to a target."""
    read = _copied(target)
    for node in ast.walk(read):
        if hasattr(node, "ctx") and not isinstance(getattr(node, "ctx", None), ast.Load):
            node.ctx = ast.Load()
    return read


def _copied(node: N) -> N:
    """A copy of a statement or an expression, with all that is in it.

    It has the fields of nodes alone, unlike that of `copy.deepcopy`. IPython gives nodes a parent
    when it shows an error, and `ast.Load()` is one node in the trees of all files.
    """
    fields = {name: _copied_field(value) for name, value in ast.iter_fields(node)}
    return _at(type(node)(**fields), node)


def _copied_field(value: Any) -> Any:
    if isinstance(value, list):
        return [_copied_field(each) for each in value]
    return _copied(value) if isinstance(value, ast.AST) else value


def _at(node: N, place: ast.AST) -> N:
    """A new node, where an error shows that other node."""
    return ast.copy_location(node, place)
