"""What an initializer leaves in its worker, where functions and classes come from a notebook."""

from __future__ import annotations

from tests.support.kernel import Kernel

#: As in many programs for processes: the initializer fills what tasks read.
PROGRAM = """
import time
from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map

table, seen = {}, []

class Base:
    registry = {}

class Cache(Base):
    data = None
    rows = []

    @classmethod
    def load(cls, value):
        time.sleep(0.01)
        cls.data = value
        cls.rows.append(value)
        cls.registry["value"] = value
        note(value)

class Settings:
    def __init__(self):
        self.scale = 1

settings = Settings()

def note(value):
    table["value"] = value
    seen.append("begun")
    settings.scale = value

def state(_=None):
    return [table, seen, Cache.data, Cache.rows, Base.registry, settings.scale]

full = [{"value": 7}, ["begun"], 7, [7], {"value": 7}, 7]
empty = [{}, [], None, [], {}, 1]
"""


def test_what_an_initializer_changes_is_there_for_all_functions(kernel: Kernel) -> None:
    kernel.run(PROGRAM)
    kernel.run(
        """
class Task:
    def run(self, cache):
        return [table, seen, cache.data, cache.rows, cache.registry, settings.scale]

with WorkerPoolExecutor(2, initializer=Cache.load, initargs=(7,)) as executor:
    found = [
        *executor.map(state, range(4)),
        executor.submit(lambda: state()).result(),
        executor.submit(Task().run, Cache).result(),
        executor.submit(lambda call: call(), state).result(),
    ]
    before = state() == empty
    table["own"] = Cache.data = 5
    changed = executor.submit(state).result()
"""
    )
    assert kernel.value("[each == full for each in found]") == [True] * 7
    assert kernel.value("before")
    assert kernel.value("changed") == [{"own": 5}, ["begun"], 5, [7], {"value": 7}, 7]


def test_a_parallel_cell_sees_what_every_worker_has_loaded(kernel: Kernel) -> None:
    kernel.run(PROGRAM)
    kernel.run("_ = get_reusable_executor().run_everywhere(Cache.load, 7)")
    kernel.run("%%pool_map -o cells x in range(2)\n[table, seen, Cache.data, settings.scale]")
    assert kernel.value("list(cells)") == [[{"value": 7}, ["begun"], 7, 7]] * 2
