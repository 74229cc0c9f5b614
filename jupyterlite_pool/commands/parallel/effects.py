"""What a cell reads and changes, as far as its text shows, and why it may need the notebook.

What the text does not show is found out on the worker (`worker/notebook_cell.py`).
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

from ..cell_names import names_assigned, names_read
from . import known_names

#: The names of a notebook that are modules or come from one, with where they come from.
Origins = Mapping[str, str]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Effects:
    """What a cell does to the notebook."""

    #: The names that it reads and that may be the notebook's.
    reads: frozenset[str] = frozenset()
    #: The names that it may bind or delete.
    sets: frozenset[str] = frozenset()
    #: Those that it may delete.
    deletes: frozenset[str] = frozenset()
    #: The notebook's names whose objects its text changes in place.
    changes: frozenset[str] = frozenset()
    #: Why it has to run in the notebook, in a sentence; None if a worker may run it.
    why: str | None = None
    #: Whether it may depend on any cell before it, and any cell after it on this one.
    unknown: bool = False
    #: Whether it reads what the notebook keeps of the cells before, such as `_`.
    history: bool = False
    #: Whether it only imports and defines.
    simple: bool = False
    #: The functions that it defines in plain words, and binds in no other way.
    defines: frozenset[str] = frozenset()
    #: What functions that it defines may read of the notebook when they run.
    late: frozenset[str] = frozenset()
    #: Why who calls these has to run in the notebook; None if a worker may call them.
    late_why: str | None = None


def effects_of(source: str, origins: Origins) -> Effects:
    """What a cell does.

    Args:
        source: its text.
        origins: the names of the notebook that are modules, or come from one.
    """
    python, magic = _as_python(source)
    if python is None:
        return Effects(why="It is not valid Python.", unknown=True)
    reads = frozenset(names_read(python))
    history = any(known_names.HISTORY.fullmatch(name) for name in reads)
    if magic:
        return Effects(why="It has a magic or a shell command.", unknown=True, history=history)
    sets = frozenset(names_assigned(python))
    deletes = frozenset(_deleted(python))
    reads |= deletes
    looks = _Looks(python, reads, {**origins, **origins_of(python)})
    late = frozenset(_read_by_functions(python))
    simple = all(_is_simple(statement) for statement in python.body)
    why, unknown = looks.why, looks.unknown
    late_why = why if late and unknown else None
    if simple and not looks.flags:
        why, unknown = "It only imports and defines.", False
    elif why is None and looks.changes:
        why = f"It changes `{min(looks.changes)}` in place."
    elif why is None:
        why = _cannot_come_back(python)
    return Effects(
        reads=reads,
        sets=sets | deletes,
        deletes=deletes,
        changes=frozenset(looks.changes),
        why=why,
        unknown=unknown,
        history=history,
        simple=simple and not unknown,
        defines=frozenset() if _cannot_come_back(python) else frozenset(_defined(python)),
        late=late,
        late_why=late_why,
    )


def origins_of(tree: ast.AST) -> dict[str, str]:
    """The names that imports in a cell bind, with what they are: `np` is `numpy`."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    found[alias.asname or whole] = whole
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{module}.{alias.name}"
    return found


def origins_in(namespace: Mapping[str, object]) -> dict[str, str]:
    """The names in a namespace that are modules, or come from one."""
    found: dict[str, str] = {}
    kinds = (type, types.FunctionType, types.BuiltinFunctionType)
    for name, value in namespace.items():
        if isinstance(value, types.ModuleType):
            found[name] = value.__name__
        elif isinstance(value, kinds):
            module = getattr(value, "__module__", None)
            if module not in (None, "__main__", "builtins"):
                found[name] = f"{module}.{value.__qualname__}"
    return found


def parsed(source: str) -> ast.Module | None:
    """A cell as Python; None if it is none, or has magics."""
    python, magic = _as_python(source)
    return None if magic else python


def _as_python(source: str) -> tuple[ast.Module | None, bool]:
    """A cell as Python, and whether it has magics or shell commands."""
    try:
        return ast.parse(source), False
    except (SyntaxError, ValueError):
        pass
    try:
        return ast.parse(TransformerManager().transform_cell(source)), True
    except (SyntaxError, ValueError):
        return None, False


class _Looks(ast.NodeVisitor):
    """Looks for what a worker cannot do in the notebook's place, also in functions of the cell."""

    def __init__(self, tree: ast.Module, reads: frozenset[str], origins: Origins) -> None:
        self.why: str | None = None
        self.unknown = False
        self.changes: set[str] = set()
        #: Whether it changes how other cells are read.
        self.flags = False
        self._reads = reads
        self._origins = origins
        last = tree.body[-1] if tree.body else None
        self._last = last.value if isinstance(last, ast.Expr) else None
        self.visit(tree)

    def _tell(self, why: str, *, unknown: bool = True) -> None:
        if self.why is None or (unknown and not self.unknown):
            self.why = why
        self.unknown |= unknown

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Names that nobody can know, and the flags of the compiler."""
        if node.module == "__future__":
            self.flags = True
            self._tell("It changes how Python reads the cells after it.")
        if any(alias.name == "*" for alias in node.names):
            self.flags = True
            self._tell("It imports names with `*`, which its text does not show.")

    def visit_Name(self, node: ast.Name) -> None:
        """Functions that see more than the text shows."""
        if node.id in known_names.BLIND and isinstance(node.ctx, ast.Load):
            self._tell(f"It uses `{node.id}`, which can do what its text does not show.")
        elif isinstance(node.ctx, ast.Load):
            self._comes_from(node, self._origin(node))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """What it uses of a module, and whether it changes it."""
        origin = self._origin(node)
        if not isinstance(node.ctx, ast.Load):
            self._changed(node)
        if origin is None:
            self.generic_visit(node)
        else:
            self._comes_from(node, origin)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Whether it changes an object."""
        if not isinstance(node.ctx, ast.Load):
            self._changed(node)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call whose value nobody uses probably changes something."""
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call):
            origin = self._origin(call.func)
            if origin is not None:
                name = origin.rpartition(".")[2]
                harmless = name in ("sleep", "display", "pprint")
                if not harmless and (
                    node.value is not self._last or known_names.SETS.fullmatch(name)
                ):
                    self._tell(f"It calls `{ast.unparse(call.func)}`, and uses no value of it.")
            elif isinstance(call.func, ast.Attribute) and node.value is not self._last:
                self._changed(call.func)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Calls that change something, by their names."""
        match node.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name in known_names.READ_NAMES and isinstance(node.func, ast.Attribute):
                    self._tell(f"It calls `{name}`, which can read names of the notebook.")
                elif name == "open":
                    self._opens(node)
                elif known_names.WRITES.fullmatch(name):
                    self._tell(f"It may write files: it calls `{name}`.")
                if name in known_names.CHANGE_ARGUMENT and node.args:
                    self._changed(node.args[0])
        if isinstance(node.func, ast.Attribute):
            in_place = any(
                each.arg == "inplace" and not _is_false(each.value) for each in node.keywords
            )
            if (node.func.attr in known_names.CHANGES or in_place) and not self._origin(node.func):
                self._changed(node.func)
        self.generic_visit(node)

    def _opens(self, node: ast.Call) -> None:
        modes = [*node.args[1:2], *(each.value for each in node.keywords if each.arg == "mode")]
        if isinstance(node.func, ast.Attribute) and not self._origin(node.func):
            modes = [*node.args[:1], *modes]  # `Path.open`
        for mode in modes:
            if not (isinstance(mode, ast.Constant) and set(str(mode.value)) <= set("rbtU")):
                self._tell("It may write files: it calls `open`.")

    def _origin(self, node: ast.AST) -> str | None:
        """The module, or the part of a module, that an expression names; None if it names none."""
        match node:
            case ast.Name(id=name):
                return self._origins.get(name)
            case ast.Attribute(value=value, attr=attr):
                base = self._origin(value)
                return None if base is None else f"{base}.{attr}"
        return None

    def _comes_from(self, node: ast.expr, origin: str | None) -> None:
        if origin is None:
            return
        module, _, rest = origin.partition(".")
        part, own = rest.partition(".")[0], rest.rpartition(".")[2]
        text = ast.unparse(node)
        if module in known_names.POOLED or any(
            origin.startswith(p) for p in known_names.POOLED_PARTS
        ):
            self._tell(f"It uses the pool itself: `{text}`.")
        elif module == "random" and part not in known_names.OWN_RANDOM_OF_PYTHON:
            self._tell("It uses the random numbers that all cells share.")
        elif origin.startswith("numpy.random") and rest != "random":
            if not any(each in known_names.OWN_RANDOM for each in origin.split(".")):
                self._tell("It uses the random numbers that all cells share.")
        elif module in known_names.DRAWING:
            self._tell("It draws, and the figure is the notebook's.", unknown=False)
        elif module in known_names.SHARED_STATE and (
            part not in known_names.SHARED_STATE[module] or own in known_names.CHANGES_OUTPUTS
        ):
            self._tell(f"It uses `{text}`, whose state all cells share.")

    def _changed(self, node: ast.AST) -> None:
        """Something in what an expression names changes."""
        if self._origin(node) is not None:
            self._tell(f"It changes something of a module: `{ast.unparse(node)}`.")
            return
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            if node.id in self._origins:
                self._tell(f"It changes something of a module: `{node.id}`.")
            elif node.id in self._reads:
                self.changes.add(node.id)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _deleted(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Delete):
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Del):
                    yield part.id


def _is_simple(node: ast.stmt) -> bool:
    """Whether a statement only imports or defines, and takes no time."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return not getattr(node, "decorator_list", ())
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(value=value, targets=targets):
            return all(isinstance(each, ast.Name) for each in targets) and _is_quick(value)
        case ast.AnnAssign(value=ast.expr() as value, target=ast.Name()):
            return _is_quick(value)
    return False


_QUICK = (
    *(ast.Constant, ast.Name, ast.Load, ast.List, ast.Tuple, ast.Set, ast.Dict),
    *(ast.UnaryOp, ast.unaryop),
)


def _is_quick(value: ast.expr) -> bool:
    return all(isinstance(part, _QUICK) for part in ast.walk(value))


def _cannot_come_back(tree: ast.Module) -> str | None:
    """Why what the cell defines can only be defined in the notebook."""
    top = set()
    for node in tree.body:
        if isinstance(node, _FUNCTIONS):
            plain = all(
                isinstance(each, ast.Constant)
                for each in (*node.args.defaults, *node.args.kw_defaults)
                if each is not None
            )
            if node.decorator_list or not plain or node.name in top:
                return f"It defines the function `{node.name}` in more than plain words."
            top.add(node.name)
    for part in ast.walk(tree):
        match part:
            case ast.ClassDef(name=name):
                return f"It defines the class `{name}`."
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if name in top:
                return f"It sets `{name}`, a function that it defines."
            case ast.Global(names=names):
                return f"A function in it sets `{names[0]}` with `global`."
    return None


def _defined(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, _FUNCTIONS)}


def _read_by_functions(tree: ast.Module) -> set[str]:
    """What definitions in a cell may read of the notebook when somebody calls them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda, ast.GeneratorExp)):
            for part in ast.walk(node):
                if isinstance(part, ast.Name):
                    found.add(part.id)
                elif isinstance(part, ast.Global):
                    found |= set(part.names)
    return found
