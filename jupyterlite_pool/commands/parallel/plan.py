"""In which order cells have to run, and which of them a worker may run.

The result must be that of running them one after the other. So two cells may run at the same time
only if neither reads what the other sets or changes. Where nobody can know, they run in order.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .effects import Effects, effects_of, origins_in, origins_of, parsed

#: Values of these types cannot change, and nobody can call them.
_ATOMS = (int, float, complex, str, bytes, bool, type(None), range)


@dataclass(frozen=True)
class Step:
    """A cell of a plan."""

    #: What it does.
    effects: Effects
    #: The places of the cells that must have ended before it starts.
    after: tuple[int, ...]
    #: The places of later cells that would be wrong if this one has changed what it reads.
    spoils: tuple[int, ...]

    @property
    def on_worker(self) -> bool:
        """Whether a worker may run it."""
        return self.effects.why is None


@dataclass
class _Carried:
    """What whoever has the value of a name may read and do, by functions that are in it."""

    reads: set[str] = field(default_factory=set)
    why: set[str] = field(default_factory=set)

    def add(self, other: _Carried) -> bool:
        """Take what another name carries as well; whether that is news."""
        size = len(self.reads) + len(self.why)
        self.reads |= other.reads
        self.why |= other.why
        return len(self.reads) + len(self.why) > size


def make_plan(sources: Sequence[str], namespace: Mapping[str, object]) -> list[Step]:
    """The order of cells.

    Args:
        sources: the texts of the cells, in their order in the notebook.
        namespace: the notebook's variables before they run.
    """
    origins = origins_in(namespace)
    for source in sources:
        tree = parsed(source)
        if tree is not None:
            origins.update(origins_of(tree))
    plain = [effects_of(source, origins) for source in sources]
    own = {name for name in vars(builtins) if name not in namespace}
    own -= {name for each in plain for name in each.sets}
    plain = [replace(each, reads=each.reads - own, late=each.late - own) for each in plain]
    if any(each.history for each in plain):
        plain = [_in_order(each) for each in plain]
    cells = _with_functions(plain, namespace, origins)
    groups = _Groups(cells, namespace, origins)
    steps = []
    for place, cell in enumerate(cells):
        before = [at for at in range(place) if _conflict(cells[at], cell, groups)]
        touched = groups.of(cell.reads)
        spoils = [at for at in range(place + 1, len(cells)) if touched & groups.of(cells[at].reads)]
        steps.append(Step(cell, tuple(before), tuple(spoils)))
    return steps


def _in_order(effects: Effects) -> Effects:
    why = "A cell uses what the notebook keeps of the cells before it, such as `_`."
    return replace(effects, why=why, unknown=True)


def _conflict(first: Effects, second: Effects, groups: _Groups) -> bool:
    """Whether a cell has to wait for the end of one before it."""
    if first.unknown or second.unknown:
        return True
    here = first.why is not None, second.why is not None
    if all(here):  # the notebook runs one after the other
        return True
    if first.sets & second.reads or second.sets & first.reads:
        return True
    if first.sets & second.sets and (any(here) or first.deletes or second.deletes):
        return True
    # Two workers may set the same name: `Run` lets the later cell win.
    changed, read = groups.of(first.changes), groups.of(second.reads)
    if changed & read:
        return True
    return bool(groups.of(second.changes) & groups.of(first.reads))


def _with_functions(
    cells: Sequence[Effects], namespace: Mapping[str, object], origins: Mapping[str, str]
) -> list[Effects]:
    """The effects of cells with those of the notebook's functions that they may call."""
    carried: defaultdict[str, _Carried] = defaultdict(_Carried)
    for name, value in namespace.items():
        _carry_value(carried[name], value, origins)
    news = True
    while news:
        news = False
        for cell in cells:
            total = _Carried(set(cell.late), {cell.late_why} if cell.late_why else set())
            for name in cell.reads | cell.late:
                total.add(carried[name])
            for name in cell.sets:
                news |= carried[name].add(total)
    return [_with_carried(cell, [carried[name] for name in cell.reads]) for cell in cells]


def _with_carried(cell: Effects, carried: Iterable[_Carried]) -> Effects:
    total = _Carried()
    for each in carried:
        total.add(each)
    cell = replace(cell, reads=cell.reads | total.reads)
    if total.why and not cell.unknown and not cell.simple:
        why = min(total.why).removeprefix("It ")
        cell = replace(cell, unknown=True, why=f"A function that it may call {why}")
    if cell.why is not None and not cell.simple:
        # In the notebook nobody looks whether a call has changed something: so it may have.
        cell = replace(cell, changes=cell.reads)
    return cell


def _carry_value(
    carried: _Carried, value: object, origins: Mapping[str, str], depth: int = 3
) -> None:
    """Note what functions in a value of the notebook read, as far as that can be seen."""
    if isinstance(value, (*_ATOMS, types.ModuleType)):
        return
    for part in (value, type(value)):
        own = isinstance(part, (type, types.FunctionType)) and part.__module__ == "__main__"
        if own:
            _carry_source(carried, part, origins)
    if depth and isinstance(value, (list, tuple, set, dict)) and len(value) <= 100:
        parts = value.values() if isinstance(value, dict) else value
        for each in parts:
            _carry_value(carried, each, origins, depth - 1)
    for name in ("__func__", "__self__", "__wrapped__", "func"):
        inner = inspect.getattr_static(value, name, None)
        if depth and isinstance(inner, types.FunctionType):
            _carry_value(carried, inner, origins, depth - 1)


def _carry_source(carried: _Carried, value: object, origins: Mapping[str, str]) -> None:
    try:
        source = textwrap.dedent(inspect.getsource(value))  # type: ignore[arg-type]
        effects = effects_of(source, origins)
        names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    except Exception:  # there is no source; the worker looks at what the function has done
        code = getattr(value, "__code__", None)
        names = set(code.co_names) if code is not None else set()
        carried.reads |= names
        return
    carried.reads |= names
    if effects.late_why:
        carried.why.add(effects.late_why)


class _Groups:
    """Names that may have objects in common."""

    def __init__(
        self,
        cells: Sequence[Effects],
        namespace: Mapping[str, object],
        origins: Mapping[str, str],
    ) -> None:
        self._parent: dict[str, str] = {}
        #: Modules, what comes from them, and plain functions have nothing that cells change.
        self._apart = {*origins, *(name for name, value in namespace.items() if _is_plain(value))}
        for cell in cells:
            self._apart |= cell.defines
        known: set[str] = set()
        there: set[str] = set()
        for cell in cells:
            there |= {name for name in cell.reads - known if name in namespace}
            known |= cell.sets
            self._join(cell.reads | cell.sets)
        # What was there before may have anything in common.
        self._join(name for name in there if not isinstance(namespace[name], _ATOMS))

    def of(self, names: Iterable[str]) -> set[str]:
        """The groups of some names."""
        return {self._find(name) for name in names if name not in self._apart}

    def _join(self, names: Iterable[str]) -> None:
        groups = [*self.of(names)]
        for group in groups[1:]:
            self._parent[group] = groups[0]

    def _find(self, name: str) -> str:
        while (parent := self._parent.get(name, name)) != name:
            name = parent
        return name


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, types.FunctionType)
        and not value.__closure__
        and not value.__defaults__
        and not value.__kwdefaults__
        and not vars(value)
    )
