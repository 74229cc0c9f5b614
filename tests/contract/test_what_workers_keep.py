"""What a task or a set-up changes in its worker stays until the notebook changes that name."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from tests.contract.test_changed_classes import Notebook
from tests.support.settled import callbacks_have_run


@pytest.fixture(scope="module")
def executor() -> Iterator[WorkerPoolExecutor]:
    with WorkerPoolExecutor(1, backend=LocalBackend(1)) as executor:
        yield executor


@pytest.fixture
def notebook(executor: WorkerPoolExecutor) -> Notebook:
    return Notebook(executor)


class Kind(NamedTuple):
    """A kind of value that can be changed in place."""

    name: str
    #: An expression that makes it.
    made: str
    #: A statement that changes `it`.
    change: str
    #: An expression that shows what is in `it`.
    shown: str = "str(it)"

    @property
    def variable(self) -> str:
        """A global that no other kind has."""
        return "its_" + self.name.replace(" ", "_")


KINDS = [
    Kind("list", "[1]", "it.append(2)"),
    Kind("deque", "collections.deque([1], 5)", "it.append(2)"),
    Kind("counter", "collections.Counter('ab')", "it['b'] += 2"),
    Kind("ordered dictionary", "collections.OrderedDict(a=1)", "it['b'] = 2"),
    Kind("dictionary with a factory", "collections.defaultdict(list)", "it[1].append(2)"),
    Kind("chain of dictionaries", "collections.ChainMap({}, {1: 2})", "it[2] = 3"),
    Kind("set of tuples", "{(1, 2)}", "it.add((3, 4))", "sorted(it)"),
    Kind("bytes that change", "bytearray(b'ab')", "it[0] = 99"),
    Kind("array", "array.array('i', [1, 2])", "it[0] = 9"),
    Kind("numpy array", "numpy.arange(3)", "it[0] = 9"),
    Kind("object with slots", "Slots(1)", "it.a = 2", "it.a"),
    Kind("dataclass", "Data()", "it.values.append(2)"),
    Kind("dataclass with slots", "SlotData()", "it.values.append(2)"),
    Kind("list of its own kind", "Own([1])", "it.append(2)"),
    Kind("object with state of its own", "Stateful()", "it.count += 1", "it.count"),
    Kind("object that refers to itself", "Loop()", "it.count += 1", "it.me.count"),
    Kind("function with a cache", "functools.lru_cache(square)", "it(3)", "it.cache_info()[:2]"),
    Kind("recursive function with a cache", "fibonacci()", "it(5)", "it.cache_info()[:2]"),
    Kind("function with attributes", "with_attributes()", "it.count += 1", "it.count"),
    Kind("context variables", "{1: VARIABLE}", "it[2] = 3", "len(it)"),
    Kind("random numbers", "random.Random(1)", "it.random()", "it.getstate()[1][:3]"),
    Kind("many values", "dict.fromkeys(range(5000))", "it[-1] = 1", "len(it)"),
    Kind("date", "[datetime.date(2020, 1, 1)]", "it.append(1)", "len(it)"),
]

CELL = """
import array, collections, contextvars, dataclasses, datetime, functools, random
import numpy
VARIABLE = contextvars.ContextVar("variable", default=1)
class Slots:
    __slots__ = ("a", "b")
    def __init__(self, a): self.a = a
@dataclasses.dataclass
class Data:
    values: list = dataclasses.field(default_factory=list)
@dataclasses.dataclass(slots=True)
class SlotData:
    values: list = dataclasses.field(default_factory=list)
class Own(list): pass
class Stateful:
    def __init__(self): self.count = 0
    def __getstate__(self): return (self.count,)
    def __setstate__(self, state): self.count, = state
class Loop:
    def __init__(self): self.count, self.me = 0, self
def square(x): return x * x
def fibonacci():
    @functools.cache
    def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
    return fibonacci
def with_attributes():
    def function(): pass
    function.count = 0
    return function
"""

of_every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def define(notebook: Notebook, kind: Kind) -> None:
    notebook.run(CELL)
    notebook.run(
        f"{kind.variable} = {kind.made}\n"
        f"class Holder:\n"
        f"    held = {kind.made}\n"
        f"    other = 1\n"
        f"    def read(self): return shown(type(self).held)\n"
        f"def shown(it): return {kind.shown}\n"
        f"def changed(it):\n    {kind.change}\n    return shown(it)\n"
        f"def change(holder=None): return changed(Holder.held)\n"
        f"def read(holder=None): return shown(Holder.held)\n"
        f"def read_again(holder=None): return shown(Holder.held)\n"
        f"def change_global(): return changed({kind.variable})\n"
        f"def read_global(): return shown({kind.variable})"
    )


@of_every_kind
def test_what_a_task_changes_in_a_class_stays(notebook: Notebook, kind: Kind) -> None:
    define(notebook, kind)
    names, task = notebook.names, notebook.task
    before = task(names["read"])
    after = task(names["change"], names["Holder"]())
    assert after != before == eval("shown(Holder.held)", names)
    assert task(names["read"]) == after
    assert task(names["read_again"], names["Holder"]()) == after
    assert task(operator.methodcaller("read"), names["Holder"]()) == after
    names["Holder"].other = 2
    assert task(names["read"], [names["Holder"]()]) == after
    notebook.run(kind.change.replace("it", "Holder.held") if kind.name != "date" else "")
    if kind.name != "date":
        assert task(names["read"], names["Holder"]()) == eval("shown(Holder.held)", names)


@of_every_kind
def test_what_a_set_up_changes_in_a_global_stays(notebook: Notebook, kind: Kind) -> None:
    define(notebook, kind)
    names, task = notebook.names, notebook.task
    before = task(names["read_global"])
    notebook.executor.run_everywhere(names["change_global"])
    after = task(names["read_global"])
    assert after != before == eval(f"shown({kind.variable})", names)
    notebook.run(f"def another(): return shown({kind.variable})")
    assert task(names["another"]) == after
    notebook.run(
        f"def another(more=1): return shown({kind.variable})\n"
        f"{kind.variable} = None\n"
        "def shown(it): return it"
    )
    assert task(names["another"]) is None


@of_every_kind
def test_what_a_set_up_changes_in_a_class_stays(notebook: Notebook, kind: Kind) -> None:
    define(notebook, kind)
    names, task = notebook.names, notebook.task
    before = task(names["read"])
    notebook.executor.run_everywhere(names["change"])
    after = task(names["read"])
    assert after != before
    assert task(names["read_again"], names["Holder"]()) == after


SENTINELS = {
    "object": "object()",
    "instance": "Missing()",
    "instance with a name": "Missing('missing')",
    "instance with slots": "Slotted()",
}


@pytest.mark.parametrize("made", SENTINELS.values(), ids=SENTINELS.keys())
def test_a_value_that_stands_for_none_is_the_same_in_a_class_and_its_instances(
    notebook: Notebook, made: str
) -> None:
    notebook.run(
        "class Missing:\n"
        "    def __init__(self, *names): self.names = names\n"
        "class Slotted: __slots__ = ('a',)\n"
        f"MISSING = {made}\n"
        "class Holder:\n"
        f"    NONE = {made}\n"
        "    def __init__(self, x=MISSING): self.x, self.y = x, self.NONE\n"
        "    def look(self): return self.x is MISSING, self.y is self.NONE\n"
        "def look(holder): return holder.look()\n"
        "def look_again(holder): return [holder.look()]"
    )
    names, task = notebook.names, notebook.task
    for _ in range(3):
        assert task(names["look"], names["Holder"]()) == (True, True)
        assert task(names["look_again"], names["Holder"]()) == [(True, True)]
        assert task(operator.methodcaller("look"), names["Holder"](3)) == (False, True)


def test_an_argument_is_what_the_notebook_has_although_a_class_holds_it(notebook: Notebook) -> None:
    notebook.run(
        "class Single:\n"
        "    instances = []\n"
        "    def __init__(self): self.count = 0; self.instances.append(self)\n"
        "def count(single):\n"
        "    single.count += 1\n"
        "    return single.count\n"
        "single = Single()"
    )
    counts = [notebook.task(notebook.names["count"], notebook.names["single"]) for _ in range(3)]
    assert counts == [1, 1, 1]


def test_a_callback_and_a_method_share_the_globals_that_come_with_them(notebook: Notebook) -> None:
    notebook.run(
        "total = 0\n"
        "class Reader:\n"
        "    def read(self): return total\n"
        "def add():\n"
        "    global total\n"
        "    total += 1\n"
        "def run(function, reader):\n"
        "    function()\n"
        "    return reader.read()"
    )
    names = notebook.names
    assert notebook.task(names["run"], names["add"], names["Reader"]()) == 1


def test_what_a_cached_function_reads_counts(notebook: Notebook) -> None:
    notebook.run(
        "import functools\n"
        "factor = 2\n"
        "@functools.cache\n"
        "def scaled(x): return x * factor\n"
        "def init(): scaled(1)\n"
        "def use(x): return scaled(x), scaled.cache_info().hits"
    )
    notebook.executor.run_everywhere(notebook.names["init"])
    assert notebook.task(notebook.names["use"], 1) == (2, 1)
    notebook.run("factor = 3")
    assert notebook.task(notebook.names["use"], 1) == (3, 0)


def test_a_function_with_a_cache_of_a_library_is_sent_by_its_name(notebook: Notebook) -> None:
    notebook.run("from fnmatch import _compile_pattern as compiled\nimport fnmatch")
    notebook.run("def same(function): return compiled is function is fnmatch._compile_pattern")
    assert notebook.task(notebook.names["same"], notebook.names["compiled"])


def test_a_method_that_changes_only_a_number_in_its_code_changes(notebook: Notebook) -> None:
    """Python gives the codes of -1 and -2 the same hash."""
    notebook.run("class Holder:\n    def read(self): return -1")
    read = operator.methodcaller("read")
    assert notebook.task(read, notebook.names["Holder"]()) == -1
    notebook.run("def read(self): return -2\nHolder.read = read")
    assert notebook.task(read, notebook.names["Holder"]()) == -2
    notebook.run("FUNCTIONS = {1: lambda: -1}")
    notebook.run("def init(): FUNCTIONS[1] = lambda: -2")
    notebook.run("def use(): return FUNCTIONS[1]()")
    notebook.executor.run_everywhere(notebook.names["init"])
    assert notebook.task(notebook.names["use"]) == -2


# Memory

LIVING = """
import gc
def living(name):
    gc.collect()
    return sum(isinstance(each, type) and each.__name__ == name for each in gc.get_objects())
"""


def test_a_worker_lets_go_of_classes_that_nobody_uses(notebook: Notebook) -> None:
    notebook.run(LIVING)
    for _ in range(5):
        notebook.run(
            "class Again:\n    data = [1]\n    def run(self): return Again, again\nagain = Again()"
        )
        kind, again = notebook.task(operator.methodcaller("run"), notebook.names["Again"]())
        assert kind is type(again) is notebook.names["Again"]
    del kind, again
    assert notebook.task(notebook.names["living"], "Again") == 0


def test_the_notebook_lets_go_of_classes_that_nobody_uses(notebook: Notebook) -> None:
    import gc
    import weakref

    notebook.run(
        "def make():\n    class Local:\n        def me(self): return Local\n    return Local()"
    )
    made: Any = notebook.task(notebook.names["make"])
    assert made.me() is type(made)
    notebook.task(operator.methodcaller("me"), made)
    ref = weakref.ref(type(made))
    del made
    callbacks_have_run(notebook.executor)
    gc.collect()
    assert ref() is None


# Classes in front of arguments

COUNTED = """
import sys
class Counted:
    def __reduce__(self): return read, ()
def read():
    sys.reads = getattr(sys, "reads", 0) + 1
class Holder:
    counted = Counted()
    name = "a"
class Other: pass
def reads(*args):
    return sys.reads
reads.__globals__["sys"] = sys
"""


def test_a_worker_reads_a_class_once(notebook: Notebook) -> None:
    notebook.run(COUNTED)
    names, task = notebook.names, notebook.task
    holder = names["Holder"]
    first = task(names["reads"], holder())
    assert [task(names["reads"], holder()) for _ in range(3)] == [first] * 3
    assert task(names["reads"], [holder()] * 20, {"more": holder()}) == first
    holder.name = "b"
    assert [task(names["reads"], holder()) for _ in range(3)] == [first + 1] * 3
    assert task(names["reads"], holder(), names["Other"]()) == first + 2  # another header
    assert [task(names["reads"], holder()) for _ in range(2)] == [first + 2] * 2


def test_classes_that_only_the_pickler_finds_come_first_as_well(notebook: Notebook) -> None:
    notebook.run(COUNTED)
    notebook.run(
        "class Slots:\n"
        "    __slots__ = ('held',)\n"
        "def slots():\n"
        "    made = Slots()\n"
        "    made.held = Holder()\n"
        "    return made\n"
    )
    names, task = notebook.names, notebook.task
    for sent in (names["slots"](), [*range(1000), names["slots"]()]):
        first = task(names["reads"], sent)
        assert [task(names["reads"], sent) for _ in range(3)] == [first] * 3


def test_what_only_a_hidden_class_has_changed_arrives(notebook: Notebook) -> None:
    notebook.run("class Part: name = 'a'\nclass Whole:\n    def __init__(self): self.part = Part()")
    shown = operator.attrgetter("part.name")
    assert notebook.task(shown, notebook.names["Whole"]()) == "a"
    notebook.run("Part.name = 'b'")
    assert notebook.task(shown, notebook.names["Whole"]()) == "b"
    assert notebook.task(shown, *[notebook.names["Whole"]()]) == "b"
    notebook.run("del Part.name")
    with pytest.raises(AttributeError):
        notebook.task(shown, notebook.names["Whole"]())


def test_results_bring_classes_of_workers_and_of_the_notebook(notebook: Notebook) -> None:
    notebook.run(
        "class Here: name = 'a'\n"
        "def make(x):\n"
        "    class There:\n"
        "        def __init__(self, x): self.x = x\n"
        "        def twice(self): return 2 * self.x\n"
        "    return Here(), There(x), [There(x + 1)]"
    )
    here, there, [other] = notebook.task(notebook.names["make"], 4)
    assert type(here) is notebook.names["Here"]
    assert type(there) is type(other)
    assert (there.twice(), other.twice()) == (8, 10)
    back = notebook.task(operator.methodcaller("twice"), there)
    assert back == 8
