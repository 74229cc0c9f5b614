"""Which names of the notebook the body of a cell reads, and which names it assigns.

A name that the body always binds before it reads it is not the notebook's: the notebook may have
something of that name that is large, or that cannot be sent.
"""

from __future__ import annotations

import ast
import symtable
import types
from collections.abc import Collection, Iterable

from ..worker.last_value import TRIES


def names_read(tree: ast.Module, bound: Collection[str] = ()) -> set[str]:
    """The names that a body reads and that may be the notebook's.

    Args:
        bound: names that are bound before the body runs.
    """
    reader = _Reader(bound)
    for statement in tree.body:
        reader.visit(statement)
    return reader.read


def names_assigned(tree: ast.Module) -> set[str]:
    """The names that a body binds, in any way. `*` stands for those of `from … import *`."""
    names: set[str] = set()
    for node in _own_nodes(tree):
        match node:
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                names |= {_bound_by(alias) for alias in node.names}
            case ast.ExceptHandler(name=str(name)):
                names.discard(name)  # it is gone after its block
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                names |= _bound_outside(node)
            case _:
                names |= _bound_by_pattern(node)
    for node in ast.walk(tree):  # also what functions of the body declare
        if isinstance(node, ast.Global):
            names |= set(node.names)
    return names


def is_imported(value: object) -> bool:
    """Whether something comes from a module: then it is the same here and there."""
    if isinstance(value, types.ModuleType):
        return True
    kinds = (type, types.FunctionType, types.BuiltinFunctionType)
    return isinstance(value, kinds) and value.__module__ != "__main__"


def _own_nodes(node: ast.AST) -> Iterable[ast.AST]:
    """The nodes of the body's own scope, and the definitions in it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _SCOPES):
            yield from _own_nodes(child)


#: What has names of its own.
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class _Reader(ast.NodeVisitor):
    """Walks a body in the order in which it runs."""

    def __init__(self, bound: Collection[str]) -> None:
        self.read: set[str] = set()
        self._bound = set(bound)

    def visit_Name(self, node: ast.Name) -> None:
        """Note what is read or bound."""
        if isinstance(node.ctx, ast.Store):
            self._bound.add(node.id)
        else:
            self._reads([node.id])
            if isinstance(node.ctx, ast.Del):
                self._bound.discard(node.id)

    def visit(self, node: ast.AST) -> None:
        """Visit a node, and what is in it in the order in which it runs."""
        match node:
            case ast.Assign() | ast.NamedExpr():
                self._all(node.value, *getattr(node, "targets", ()), getattr(node, "target", None))
            case ast.AnnAssign():
                self._all(node.annotation, node.value, node.value and node.target)
            case ast.AugAssign():
                if isinstance(node.target, ast.Name):
                    self._reads([node.target.id])
                self._all(node.value, node.target)
            case ast.IfExp():
                self._all(node.test)
                true = _bound_if_true(node.test)
                both = self._branch([node.body], true) & self._branch([node.orelse])
                self._bound |= both
            case ast.BoolOp():
                self._all(node.values[0])
                self._branch(node.values[1:])
            case ast.Compare():
                self._all(node.left, node.comparators[0])
                self._branch(node.comparators[1:])
            case ast.Import() | ast.ImportFrom():
                self._bound |= {_bound_by(alias) for alias in node.names}
            case (
                ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp()
            ):
                self._reads(_free(node))
                if not isinstance(node, ast.Lambda):
                    self._reads(_bound_outside(node) & _loaded(node))
            case _:
                self._visit_block(node)

    def _visit_block(self, node: ast.AST) -> None:
        match node:
            case ast.For() | ast.AsyncFor():
                self._all(node.iter)
                self._branch([node.target, *node.body])
                self._branch(node.orelse)
            case ast.While():
                self._all(node.test)
                self._branch(node.body, _bound_if_true(node.test))
                self._branch(node.orelse)
            case ast.If():
                self._all(node.test)
                true = _bound_if_true(node.test)
                both = self._branch(node.body, true) & self._branch(node.orelse)
                self._bound |= both
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._all(item.context_expr, item.optional_vars)
                self._branch(node.body)  # `suppress` may end it early
            case _ if isinstance(node, TRIES):
                self._branch([*node.body, *node.orelse])
                for handler in node.handlers:
                    self._handler(handler)
                self._all(*node.finalbody)
            case ast.Match():
                self._all(node.subject)
                for case in node.cases:
                    bound = {
                        name for part in ast.walk(case.pattern) for name in _bound_by_pattern(part)
                    }
                    self._branch([case.pattern, case.guard, *case.body], bound)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                # Its own name is not there yet for these.
                self._all(*node.decorator_list, *node.args.defaults, *node.args.kw_defaults)
                self._reads(_free(node) - {node.name})
                self._bound.add(node.name)
            case ast.ClassDef():
                self._all(*node.decorator_list, *node.bases, *node.keywords)
                # The body runs now. Methods run later: they see the class, and no name of the body.
                self._branch(part for part in node.body if not isinstance(part, _FUNCTIONS))
                self._reads(_free(node) - {node.name})
                self._bound.add(node.name)
            case _:
                super().visit(node)

    def _reads(self, names: Iterable[str]) -> None:
        self.read |= set(names) - self._bound

    def _all(self, *nodes: ast.AST | None) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _branch(self, nodes: Iterable[ast.AST | None], bound: Iterable[str] = ()) -> set[str]:
        """Visit what may not run, or not to its end; returns what is bound if it ends."""
        before, self._bound = self._bound, self._bound | set(bound)
        self._all(*nodes)
        after, self._bound = self._bound, before
        return after

    def _handler(self, handler: ast.ExceptHandler) -> None:
        self._all(handler.type)
        self._branch(handler.body, [handler.name] if handler.name else [])


def _bound_if_true(test: ast.expr) -> set[str]:
    """The names that a condition binds if it is true; if it is false, it may not bind them all."""
    match test:
        case ast.BoolOp(op=ast.And()):
            return {name for value in test.values for name in _bound_if_true(value)}
        case ast.NamedExpr():
            return {test.target.id}
        case ast.Compare():
            parts = [test.left, *test.comparators]  # it is true only if it has compared all
            return {name for part in parts for name in _bound_if_true(part)}
    return set()


def _bound_outside(comprehension: ast.AST) -> set[str]:
    """The names that `:=` in a comprehension binds: they are names of the scope around it."""
    names: set[str] = set()
    for child in ast.iter_child_nodes(comprehension):
        if isinstance(child, ast.NamedExpr):
            names.add(child.target.id)
        if not isinstance(child, ast.Lambda):
            names |= _bound_outside(child)
    return names


def _loaded(node: ast.AST) -> set[str]:
    names = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _free(node: ast.AST) -> set[str]:
    """The names of outer scopes that a definition or an expression reads, now or when it runs."""
    source = ast.unparse(node)
    table = symtable.symtable(f"async def _():\n {_indented(source)}", "<cell>", "exec")
    return set(_globals_of(table))


def _indented(source: str) -> str:
    return source.replace("\n", "\n ")


def _globals_of(table: symtable.SymbolTable) -> Iterable[str]:
    for symbol in table.get_symbols():
        if symbol.is_global() and (symbol.is_referenced() or symbol.is_declared_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals_of(child)


def _bound_by(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _bound_by_pattern(node: ast.AST) -> set[str]:
    """The name that a part of a pattern binds."""
    match node:
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
        case ast.MatchMapping(rest=str(name)):
            return {name}
    return set()
