"""Cells with a magic that run on workers: what they read, and how their errors name them."""

from __future__ import annotations

import ast
import hashlib
import linecache
import sys
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager

from ..tracebacks import render_from
from ..worker.cell_bodies import CellBody, compile_body
from ..worker.last_value import what_gives_none
from .cell_functions import shared_with_functions
from .cell_names import names_assigned, names_read
from .magic_lines import MAGICS

C = TypeVar("C", bound=CellBody)

#: What IPython puts into every notebook. Workers have their own, or none.
_IPYTHONS = ("open", "get_ipython", "exit", "quit")

#: Bodies of which the notebook was told that they have no value.
_told: set[bytes] = set()


class Source(NamedTuple):
    """A cell as the notebook has it."""

    #: Its first line, with the magic.
    header: str
    #: The lines from the second on.
    body: str
    #: The name under which IPython knows the cell.
    filename: str


def source_of(shell: Any, magic: str, line: str, body: str, number: int | None = None) -> Source:
    """The cell that runs.

    Args:
        number: its number; None for that of the last input.
    """
    header = f"%%{magic} {line.strip()}".rstrip()
    # Tracebacks call it `Cell In[…]` by its number. `execution_count` may already be the next one.
    if number is None:
        number = len(shell.history_manager.input_hist_parsed) - 1
    return Source(header, body, shell.compile.cache(f"{header}\n{body}", number))


def make_cell(
    kind: type[C],
    source: Source,
    namespace: Mapping[str, Any],
    *,
    target: str | None = None,
    pull: Sequence[str] = (),
    push: Sequence[str] = (),
    hidden: Mapping[str, Any] | None = None,
) -> C:
    """A body with what it reads of the notebook.

    Args:
        namespace: the notebook's variables.
        target: what each item is assigned to; None for a cell without items.
        pull: names that come back.
        push: names that it reads, too.
        hidden: variables that are not the notebook's but IPython's.

    Raises:
        SyntaxError: the body is no Python; the error has the lines of the cell.
        UsageError: the cell does not assign a name that it should bring, or the notebook does not
            have a name that is to be sent, or a function that the cell calls uses a name that the
            cell assigns.
    """
    check_body(source, target)
    tree = ast.parse(source.body)
    bound = set() if target is None else names_assigned(ast.parse(f"{target} = 0"))
    assigned = names_assigned(tree) | bound
    _check_pulled(pull, assigned)
    read = names_read(tree, bound)
    if target is not None:  # such as `d[key]`
        read |= names_read(ast.parse(f"{target} = 0"))
    missing = [name for name in push if name not in namespace]
    if missing:
        raise UsageError(f"--push has no {missing[0]!r} to send: the notebook has no such name.")
    ours = hidden or {}
    names = {
        name: namespace[name]
        for name in sorted({*read, *push})
        if name in namespace
        and not (name in _IPYTHONS and ours.get(name) is namespace[name] and name not in push)
    }
    shared = shared_with_functions(tree, assigned, names, namespace)
    if shared is not None:
        raise UsageError(shared)
    if not pull:
        _tell_if_without_value(tree, source.body, target)
    return kind(target, source.header, source.body, names, source.filename, pull)


def _check_pulled(pull: Sequence[str], assigned: Collection[str]) -> None:
    for name in pull:
        if name not in assigned and "*" not in assigned:
            known = ", ".join(sorted(assigned)) or "nothing"
            raise UsageError(f"--pull has no {name!r} to bring: the cell assigns {known}.")


def _tell_if_without_value(tree: ast.Module, body: str, target: str | None) -> None:
    """Say once that a cell has no value, if its last statement gives none."""
    what = what_gives_none(tree.body)
    digest = hashlib.blake2b(body.encode(), digest_size=16).digest()
    if what is None or target is None or digest in _told:
        return
    _told.add(digest)
    sys.stderr.write(
        f"The cell ends with {what}, so each item has the value None. To have values, end the cell "
        "with an expression or an assignment, or bring names with `--pull`.\n"
    )


def check_body(source: Source, target: str | None = None) -> None:
    """Check that a body is Python.

    Raises:
        SyntaxError: it is not; the error has the lines of the cell.
    """
    try:
        compile_body(source.body, source.filename, target)
    except SyntaxError as error:
        magic = _first_magic(source.body)
        if magic is not None:
            line, text = magic
            place = (source.filename, line, 1, text)
            raise SyntaxError(
                "a worker knows no magics: write Python, or use them in cells of the notebook",
                place,
            ) from None
        if error.text is None and error.lineno is not None:
            lines = f"{source.header}\n{source.body}".splitlines()
            error.text = lines[error.lineno - 1] if error.lineno <= len(lines) else None
        raise


def _first_magic(body: str) -> tuple[int, str] | None:
    """The number and the text of the first line of a body that is a magic or a shell command."""
    try:
        # IPython removes empty lines at the start.
        empty = len(body) - len(body.lstrip())
        first = body.count("\n", 0, empty)
        python = "\n" * first + TransformerManager().transform_cell(body)
        tree = ast.parse(python)
    except SyntaxError:
        return None  # it is wrong anyway
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")))):
                lines = body.splitlines()
                text = lines[node.lineno - 1] if node.lineno <= len(lines) else ""
                if "get_ipython" not in text:
                    return node.lineno + 1, text
    return None


def evaluate(expression: str, namespace: dict[str, Any], filename: str, line: int = 1) -> Any:
    """The value of an expression of a magic's line; its errors have a place in the cell.

    Args:
        filename: the cell.
        line: the number of the line in the cell.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    expression = expression.strip()
    tree = ast.parse(expression, filename, mode="eval")
    _put(tree, expression, filename, line)
    code = compile(tree, filename, "eval", dont_inherit=True)
    try:
        return eval(code, namespace)
    except Exception as error:
        here = error.__traceback__
        assert here is not None
        if here.tb_next is not None:
            render_from(error, here.tb_next)
        raise


def _put(tree: ast.AST, expression: str, filename: str, line: int) -> None:
    """Give the parts of an expression the places that they have in a cell."""
    whole = linecache.getline(filename, line).rstrip("\n").encode()
    column = whole.find(expression.encode())
    for node in ast.walk(tree):
        if isinstance(node, (ast.expr, ast.keyword, ast.arg)):
            node.lineno = node.end_lineno = line
            if column < 0:  # the line quotes it in another way: then the whole line is the place
                node.col_offset, node.end_col_offset = 0, len(whole)
            elif node.end_col_offset is not None:
                node.col_offset += column
                node.end_col_offset += column


def place_of_caller() -> tuple[str, int]:
    """The cell and the line in it from where a magic was called."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") != "__main__":
        frame = frame.f_back
    return ("<%pool_map>", 1) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def check_cells(shell: Any, lines: list[str]) -> list[str]:
    """Check the body of a cell before it runs, so that IPython shows its errors as any cell's.

    Also lets `%%pool_map -h` work without a body, which IPython refuses.

    Args:
        lines: a cell, after IPython has turned it into Python.

    Raises:
        SyntaxError: the body is no Python.
    """
    source = "".join(lines)
    if not source.startswith("get_ipython().run_cell_magic('pool_"):
        return lines
    match ast.parse(source).body:
        case [
            ast.Expr(ast.Call(args=[ast.Constant(name), ast.Constant(line), ast.Constant(body)]))
        ]:
            if name in MAGICS and not str(body).strip() and str(line).strip() in ("-h", "--help"):
                return [f"get_ipython().run_line_magic({name!r}, {line!r})\n"]
            if name in MAGICS:
                check_body(source_of(shell, str(name), str(line), str(body), shell.execution_count))
    return lines
