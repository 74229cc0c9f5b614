"""Random numbers that depend only on a seed and on the item."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: The module of numpy's global generator. `import numpy` alone does not load it.
NUMPY_RANDOM = "numpy.random"


class _ImportSeeder(MetaPathFinder):
    """Seeds numpy's global generator if an item imports it.

    It is one of Python's finders only while an item with a seed runs and numpy is not loaded.
    """

    def __init__(self) -> None:
        #: The seed, and the index of the item that runs.
        self.item: tuple[int, int] | None = None

    def expect(self, item: tuple[int, int] | None) -> None:
        """Seed for this item from now on; for None, never."""
        self.item = item
        if item is None:
            self._leave()
        elif self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As the other finders. But the module is seeded as soon as it is loaded."""
        if name != NUMPY_RANDOM:
            return None
        item = self.item
        self._leave()
        spec = importlib.util.find_spec(name)
        self.expect(item)
        loader: Any = spec and spec.loader
        if loader is not None:
            run = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                del loader.exec_module  # the loader is again as it was
                run(module)
                if self.item is not None:
                    _seed(module, *self.item)
                    self.expect(None)

            loader.exec_module = exec_module
        return spec

    def _leave(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


_import_seeder = _ImportSeeder()


def seed_item(seed: int, index: int) -> None:
    """Seed this worker's global generators for one item.

    Item `index` of a job with this seed always draws the same numbers, whichever worker it runs on
    and whatever ran there before. numpy's global generator is seeded from a spawned `SeedSequence`
    (https://numpy.org/doc/stable/reference/random/parallel.html). If `numpy.random` is not loaded,
    that happens when the item imports it.
    """
    random.seed(f"{seed}:{index}")
    _seed_numpy(seed, index)


def unseed() -> None:
    """Let this worker draw unpredictable numbers again, after items with a seed."""
    random.seed()
    _unseed_numpy()


@contextmanager
def own_stream(seed: int, index: int) -> Iterator[None]:
    """`seed_item` for the body alone. Afterwards the generators go on as if it had not happened."""
    state = random.getstate()
    module: Any = sys.modules.get(NUMPY_RANDOM)
    others = None if module is None else module.get_state()
    outer = _import_seeder.item  # the body may be part of another item
    seed_item(seed, index)
    try:
        yield
    finally:
        random.setstate(state)
        if module is not None:
            module.set_state(others)
        elif outer is None:
            _unseed_numpy()
        else:
            _seed_numpy(*outer)


def _seed_numpy(seed: int, index: int) -> None:
    module = sys.modules.get(NUMPY_RANDOM)
    if module is None:
        _import_seeder.expect((seed, index))
    else:
        _seed(module, seed, index)


def _unseed_numpy() -> None:
    _import_seeder.expect(None)
    module: Any = sys.modules.get(NUMPY_RANDOM)
    if module is not None:
        module.seed()


def _seed(module: Any, seed: int, index: int) -> None:
    sequence = module.SeedSequence(seed, spawn_key=(index,))
    module.seed(sequence.generate_state(8))
