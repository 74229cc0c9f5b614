"""Notebooks made at random: cells that define things, and calls of what they define.

`program` makes the same notebook from the same random numbers. `describe` tells what a value is, so
that values of two processes can be compared: types, contents, and which objects are one object.
"""

# ruff: noqa: E501 - the parts of cells are data

from __future__ import annotations

import contextlib
import enum
import functools
import pickle
import sys
import types
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

HEAD = """
import abc, contextlib, dataclasses, enum, functools
from typing import ClassVar, Generic, NamedTuple, NewType, Protocol, TypedDict, TypeVar
"""

#: What every program has: a look at an object from inside of a task.
PROBE = """
HIDDEN = {"__slotnames__", "_abc_impl", "__annotations__", "__annotations_cache__",
          "__annotate_func__", "__classdictcell__"}

def probe(obj, methods=()):
    cls = type(obj)
    found = [cls.__qualname__, [base.__qualname__ for base in cls.__mro__]]
    found.append(sorted(name for name in vars(cls) if name not in HIDDEN))
    found.append([isinstance(obj, other) for other in CLASSES])
    for name in methods:
        try:
            got = getattr(obj, name)
            found.append(got() if callable(got) else got)
        except Exception as error:
            found.append((type(error).__name__, str(error)))
    return found, obj

def both(*objs):
    return objs, [[a is b for a in objs] for b in objs], [[a == b for a in objs] for b in objs]
"""


class Program(NamedTuple):
    """Cells that run one after the other; after each, calls whose values are compared."""

    #: Pairs of a cell and expressions of calls: a function and a tuple of its arguments.
    steps: list[tuple[str, list[str]]]

    def __str__(self) -> str:
        return "\n".join(
            f"{cell}\n# calls: {'; '.join(calls)}" if calls else cell for cell, calls in self.steps
        )


class _Writer:
    """Writes one program."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0
        self.functions: list[str] = []
        #: Expressions that make an object, each with the methods that it has.
        self.objects: list[tuple[str, list[str]]] = []
        self.classes: list[str] = []
        #: Classes that others can inherit from, with the arguments that they are made with.
        self.bases: list[tuple[str, str, list[str]]] = []
        #: Classes of which attributes may change.
        self.open: list[str] = []
        self.globals: list[str] = []

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def pick(self, items: Any) -> Any:
        return items[self.random.randrange(len(items))]

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    # Values

    def atom(self) -> str:
        return str(
            self.pick(["0", "-1", "2.5", "'a'", "'é'", "b'x'", "None", "True", "(1, 'b')", "1j"])
        )

    def value(self, depth: int = 2, *, shared: bool = True) -> str:
        """An expression.

        Args:
            shared: whether it may name a global. If classes are pickled by name, an instance that
                has such a global arrives with a copy of it. Our pickles have the class as well, so
                the instance arrives with the very object that its class knows.
        """
        kinds = ["atom", "atom", "list", "dict", "set", "global", "object", "class", "tuple"]
        kind = self.pick(kinds) if depth else "atom"
        inner = functools.partial(self.value, depth - 1, shared=shared)
        if kind == "list":
            return f"[{inner()}, {inner()}]"
        if kind == "tuple":
            return f"({inner()},)"
        if kind == "dict":
            return f"{{{self.atom()}: {inner()}, 'k': {inner()}}}"
        if kind == "set":
            return f"{{{self.atom()}, {self.atom()}}}"
        if kind == "global" and self.globals and shared:
            return str(self.pick(self.globals))
        if kind == "object" and self.objects:
            return str(self.pick(self.objects)[0])
        if kind == "class" and self.classes:
            return str(self.pick(self.classes))
        return self.atom()

    # Functions

    def function(self) -> str:
        name = self.name("f")
        helper = f"{self.pick(self.functions)}(1)" if self.functions else self.value()
        made = self.pick(FUNCTIONS).format(
            name=name, a=self.value(), b=self.value(), c=self.atom(), helper=helper
        )
        self.functions.append(name)
        return str(made)

    # Classes

    def members(self, own: str) -> tuple[str, list[str]]:
        """Lines of a class's body, and the names of its methods."""
        lines, methods = [], []
        for text in self.random.sample(MEMBERS, self.random.randrange(1, 5)):
            name = self.name("m")
            lines.append(
                text.format(name=name, a=self.value(), c=self.atom(), own=own, g=self.value())
            )
            methods.append(name)
        return "".join(lines), methods

    def plain_class(self) -> str:
        name = self.name("C")
        body, methods = self.members(name)
        args, init, head, slots = "", "", "", ""
        base, base_args, base_methods = self.pick([*self.bases, ("", "", [])])
        form = self.pick(["", "", "slots", "slots and dict", "abc", "meta", "hook", "builtin"])
        if form in ("builtin", "abc", "meta", "hook", "slots and dict"):
            base, base_args, base_methods = "", "", []
        needs = self.pick([0, 1])
        if form.startswith("slots"):
            slots = "    __slots__ = ('own', '__hidden'" + (
                ", '__dict__')\n" if "d" in form[5:] else ")\n"
            )
            init = f"    def __init__(self, *args):\n        super().__init__(*args)\n        self.own = {self.value(shared=False)}\n        self.__hidden = {self.atom()}\n"
            needs = 0
        elif needs and not base and form != "builtin":
            init = "    def __init__(self, v=5):\n        self.v = v\n"
        if form == "abc":
            head = "abc.ABC"
        elif form == "meta":
            head = f"metaclass={META}"
        elif form == "hook":
            head = f"{HOOKED}, tag={self.atom()}"
        elif form == "builtin":
            head, args = self.pick(
                [
                    ("int", "3"),
                    ("str", "'s'"),
                    ("list", "[1, 2]"),
                    ("dict", "{'a': 1}"),
                    ("tuple", "(1,)"),
                    ("Exception", "'e', 2"),
                ]
            )
            if init:
                form = init = ""
        else:
            head, args = base, base_args
        own = slots + init + body
        self.classes.append(name)
        self.open.append(name)
        self.objects.append((f"{name}({args})", [*base_methods, *methods]))
        if form in ("", "slots", "slots and dict") and head != "Exception":
            self.bases.append((name, args, [*base_methods, *methods]))
        return f"class {name}({head}):\n{own}"

    def special_class(self) -> str:
        name = self.name("S")
        source, makes, methods = self.pick(SPECIAL)
        body, more = self.members(name)
        text = source.format(name=name, a=self.value(), c=self.atom())
        if "{body}" in text:
            text = text.replace("{body}", body)
            methods = [*methods, *more]
        self.classes.append(name)
        self.objects.extend((make.format(name=name), methods) for make in makes)
        return str(text)

    def globals_(self) -> str:
        name = self.name("g")
        self_value = self.value()
        self.globals.append(name)
        return f"{name} = {self_value}\n"

    # Changes

    def change(self) -> str:
        if self.chance(30) and self.globals:
            return f"{self.pick(self.globals)} = {self.value()}\n"
        if not self.open:
            return ""
        cls, name = self.pick(self.open), self.pick(["added", "added", "more"])
        return str(
            self.pick(
                [
                    f"{cls}.{name} = {self.value()}\n",
                    f"{cls}.{name} = lambda self: ({self.value()}, type(self).__name__)\n",
                    f"if '{name}' in vars({cls}):\n    del {cls}.{name}\n",
                    f"for name in [n for n in vars({cls}) if n.startswith('m')][:1]:\n    delattr({cls}, name)\n",
                    f"{cls}.{name} = property(lambda self: {self.value()})\n",
                ]
            )
        )

    def calls(self) -> list[str]:
        calls = []
        for _ in range(3):
            kind = self.pick(["probe", "probe", "function", "both"])
            if kind == "function" and self.functions:
                calls.append(f"({self.pick(self.functions)}, ({self.value()},))")
            elif kind == "both" and self.objects:
                shown = [self.pick(self.objects)[0] for _ in range(2)]
                calls.append(f"(both, (*[{shown[0]}] * 2, {shown[1]}))")
            elif self.objects:
                made, methods = self.pick(self.objects)
                calls.append(f"(probe, ({made}, {[*methods, 'added', 'more']!r}))")
        return calls


META, HOOKED = "Meta0", "Hooked0"

FRAME = f"""
class {META}(type):
    made = []
    def __new__(meta, name, bases, space):
        cls = super().__new__(meta, name, bases, dict(space))
        cls.by_meta = len(name)
        return cls
    def __init__(cls, name, bases, space):
        super().__init__(name, bases, space)
        {META}.made.append(name)
    @property
    def of_meta(cls): return cls.__name__

class {HOOKED}:
    known = []
    def __init_subclass__(cls, /, tag, **rest):
        super().__init_subclass__(**rest)
        cls.tag = tag
        {HOOKED}.known.append(cls.__name__)

class Named:
    def __set_name__(self, owner, name): self.where = (owner.__name__, name)
    def __get__(self, obj, owner=None): return self if obj is None else self.where

class Property(property): pass
"""

FUNCTIONS = [
    "def {name}(x, y={a}, *, z={b}): return x, y, z, {helper}\n",
    "{name} = lambda x, y={a}: [x, y, {b}]\n",
    "def make_{name}(n):\n    def inner(x):\n        nonlocal n\n        n = x, {c}\n        return n, x, get()\n    def get(): return n\n    return lambda x: (inner(x), get(), {a})\n{name} = make_{name}({b})\n",
    "@functools.lru_cache(maxsize=4)\ndef {name}_(x): return x, {a}\ndef {name}(x): return {name}_('{name}'), {name}_.cache_info().maxsize, x\n",
    "@functools.singledispatch\ndef {name}(x): return 'object', {a}\n@{name}.register\ndef _(x: int): return 'int', {b}\n@{name}.register(list)\ndef _(x): return 'list', {name}(1)\n",
    "def {name}_(x, y, z=3): return x, y, z, {a}\n{name} = functools.partial({name}_, y={b})\n",
    "def {name}_even(n): return {c} if n == 0 else {name}_odd(n - 1)\ndef {name}_odd(n): return {a} if n == 0 else {name}_even(n - 1)\ndef {name}(x): return {name}_even(3), {name}_odd(3), x\n",
    "def {name}(x):\n    class Local:\n        at = {a}\n        def who(self): return self.at, __class__.__name__\n    return Local().who(), [i for i in (x, {c})], {helper}\n",
    "def {name}_deco(f):\n    @functools.wraps(f)\n    def wrapper(*args):\n        wrapper.calls = wrapper.start + 1\n        return f(*args), wrapper.calls\n    wrapper.start = 1\n    return wrapper\n@{name}_deco\ndef {name}(x): return x, {a}\n",
    "@contextlib.contextmanager\ndef {name}_(x): yield x, {a}\ndef {name}(x):\n    with {name}_(x) as got: return got, {b}\n",
    "{name}_type = NewType('{name}_type', int)\ndef {name}(x: {name}_type) -> None: return {name}_type(3), x, {a}\n",
]

MEMBERS = [
    "    {name} = {a}\n",
    "    def {name}(self, x={a}): return x, {g}\n",
    "    @property\n    def {name}(self): return {a}\n",
    "    @Property\n    def {name}(self):\n        'said'\n        return {a}\n",
    "    @classmethod\n    def {name}(cls): return cls.__name__, {a}\n",
    "    @staticmethod\n    def {name}(x={c}): return x, {g}\n",
    "    {name} = Named()\n",
    "    {name} = functools.partialmethod(lambda self, x: (x, {g}), {a})\n",
    "    @functools.lru_cache(maxsize=2)\n    def {name}_(self): return {c}\n    def {name}(self): return type(self).{name}_.cache_info().maxsize, {g}\n",
    "    @functools.singledispatchmethod\n    def {name}_(self, x): return 'object'\n    @{name}_.register\n    def _(self, x: int): return {a}\n    def {name}(self): return self.{name}_(1), self.{name}_('')\n",
    "    def {name}(self): return __class__.__name__, super().__repr__ is not None, {own}.__name__\n",
    "    {name} = lambda self: [type(self) is {own}, {a}]\n",
    "    def {name}(self): return sorted(k for k in getattr(self, '__dict__', ()))\n",
]

SPECIAL: list[tuple[str, list[str], list[str]]] = [
    (
        "class {name}(enum.Enum):\n    A = 1\n    B = {c}, 2\n    ALIAS = 1\n    def hello(self): return self.name, {a}\n",
        ["{name}.A", "{name}.B", "{name}.ALIAS", "{name}(1)"],
        ["hello", "value"],
    ),
    (
        "class {name}(enum.Flag):\n    R = 1\n    W = 2\n    RW = 3\n    X = 4\n    def all(self): return list(self), self | type(self).X\n",
        ["{name}.R", "{name}.RW", "({name}.R | {name}.X)", "{name}(0)"],
        ["all", "name"],
    ),
    (
        "class {name}(str, enum.Enum):\n    A = 'a'\n    B = 'b'\n    def __str__(self): return 'said ' + self.value\n    def text(self): return str(self), self.upper()\n",
        ["{name}.A", "{name}('b')"],
        ["text"],
    ),
    (
        "class {name}(enum.IntEnum):\n    ONE = enum.auto()\n    TWO = enum.auto()\n    @classmethod\n    def _missing_(cls, value): return cls.TWO\n",
        ["{name}.ONE", "{name}(9)"],
        ["name", "value"],
    ),
    (
        "class {name}(enum.Enum):\n    def __new__(cls, code, label):\n        self = object.__new__(cls)\n        self._value_ = code\n        self.label = label\n        return self\n    A = 1, {c}\n    B = 2, {a}\n",
        ["{name}.A", "{name}(2)"],
        ["label"],
    ),
    (
        "@dataclasses.dataclass\nclass {name}:\n    a: int = 1\n    b: list = dataclasses.field(default_factory=list)\n    c: ClassVar[object] = {a}\n    d: dataclasses.InitVar[int] = 4\n    def __post_init__(self, d): self.e = d\n    def fields(self): return [f.name for f in dataclasses.fields(self)], repr(self)\n{{body}}",
        ["{name}()", "{name}(2, [3], d=5)"],
        ["fields", "c"],
    ),
    (
        "@dataclasses.dataclass(frozen=True, slots=True, order=True)\nclass {name}:\n    a: int = 1\n    b: object = None\n    def made(self): return dataclasses.replace(self, a=self.a + 1), hash(self) == hash(dataclasses.replace(self))\n",
        ["{name}(2)", "{name}(b={name}())"],
        ["made"],
    ),
    (
        "@dataclasses.dataclass(kw_only=True)\nclass {name}_:\n    x: int\n@dataclasses.dataclass\nclass {name}({name}_):\n    y: int = 3\n    def shown(self): return repr(self), dataclasses.asdict(self)\n",
        ["{name}(x=2)"],
        ["shown"],
    ),
    (
        "class {name}(NamedTuple):\n    a: int\n    b: object = {c}\n    def twice(self): return self.a * 2, self._replace(a=7), self._fields\n",
        ["{name}(1)", "{name}(2, {name}(3))"],
        ["twice"],
    ),
    (
        "T_{name} = TypeVar('T_{name}')\nclass {name}(Generic[T_{name}]):\n    def __init__(self, v=2): self.v = v\n    def of(self): return self.v, [p is T_{name} for p in type(self).__parameters__]\n{{body}}",
        ["{name}()", "{name}[int](3)"],
        ["of"],
    ),
    (
        "class {name}(Exception):\n    def __init__(self, *, code):\n        super().__init__('failed', code)\n        self.code = code\n    def __reduce__(self): return functools.partial({name}, code=self.code), ()\n    def shown(self): return str(self), self.code\n",
        ["{name}(code=3)"],
        ["shown"],
    ),
    (
        "class {name}:\n    def __init__(self, v=1): self.v = v\n    def __getstate__(self): return {{'v': (self.v, {c})}}\n    def __setstate__(self, state): self.v = state['v'][0]\n{{body}}",
        ["{name}()", "{name}(2)"],
        ["v"],
    ),
    (
        "class {name}:\n    def __init__(self, v=1): self.v = v\n    def __eq__(self, other): return isinstance(other, {name}) and self.v == other.v\n    def __hash__(self): return hash(self.v)\n    def keys(self): return {{self: 1}}[{name}(self.v)]\n",
        ["{name}()", "{name}(2)"],
        ["keys"],
    ),
    (
        "class {name}_(abc.ABC):\n    @abc.abstractmethod\n    def area(self): ...\nclass {name}({name}_):\n    def area(self): return {a}\n    def abstract(self):\n        try: {name}_()\n        except TypeError: return sorted({name}_.__abstractmethods__)\n@{name}_.register\nclass {name}Virtual:\n    def virtual(self): return isinstance(self, {name}_)\n",
        ["{name}()", "{name}Virtual()"],
        ["area", "abstract", "virtual"],
    ),
    (
        "class {name}_:\n    __slots__ = ('a', '__weakref__')\nclass {name}({name}_):\n    __slots__ = ('__b',)\n    def __init__(self): self.a = self.__b = [{c}]\n    def all(self): return self.a, self.__b, self.a is self.__b, hasattr(self, '__dict__')\n",
        ["{name}()"],
        ["all"],
    ),
    (
        "class {name}:\n    def __init__(self): self.me = self\n    @functools.cached_property\n    def once(self): return [{c}]\n    def same(self): return self.me is self, self.once is self.once\n",
        ["{name}()"],
        ["same"],
    ),
]


def program(random: Random) -> Program:
    """A notebook made with random numbers."""
    writer = _Writer(random)
    steps: list[tuple[str, list[str]]] = []
    cell = HEAD + FRAME + PROBE
    for _ in range(random.randrange(3, 9)):
        make: Callable[[], str] = writer.pick(
            [
                writer.function,
                writer.plain_class,
                writer.plain_class,
                writer.special_class,
                writer.globals_,
            ]
        )
        cell += "\n" + make()
    cell += f"\nCLASSES = [{', '.join(writer.classes)}]\n"
    steps.append((cell, writer.calls()))
    for _ in range(random.randrange(3)):
        change = writer.change()
        if change:
            steps.append((change, writer.calls()))
    return Program(steps)


def describe(value: Any, names: dict[str, Any]) -> Any:
    """What a value is, in plain words.

    Args:
        names: the notebook's. What is said of a class tells whether it is the one of that name.
    """
    seen: dict[int, tuple[int, Any]] = {}

    def is_home(cls: Any) -> bool:
        found = names.get(cls.__qualname__)
        return found is None or found is cls

    def tell(obj: Any) -> Any:
        kind = type(obj)
        if isinstance(obj, enum.Enum):
            own = obj.name is None or "|" in obj.name or kind.__members__.get(obj.name) is obj
            return "member", kind.__qualname__, obj.name, repr(obj.value), own, is_home(kind)
        if kind in (type(None), bool, int, float, complex, str, bytes):
            return kind.__name__, repr(obj)
        if isinstance(obj, type):
            return "class", obj.__qualname__, is_home(obj)
        if kind is tuple:  # nothing depends on which one it is
            return "tuple", [tell(part) for part in obj]
        if id(obj) in seen:
            return "again", seen[id(obj)][0]
        seen[id(obj)] = len(seen), obj
        if kind is list:
            return "list", [tell(part) for part in obj]
        if kind is dict:
            return "dict", [(tell(key), tell(part)) for key, part in obj.items()]
        if kind in (set, frozenset):
            return kind.__name__, sorted(repr(tell(part)) for part in obj)
        if isinstance(obj, (types.FunctionType, functools.partial)):
            return "function", getattr(obj, "__qualname__", "")
        return instance(obj, kind)

    def instance(obj: Any, kind: type) -> Any:
        found: list[Any] = ["instance", kind.__qualname__, is_home(kind)]
        builtins: list[Any] = [int, str, list, dict, tuple]
        found.extend(tell(builtin(obj)) for builtin in builtins if isinstance(obj, builtin))
        if isinstance(obj, BaseException):
            found.append(tell(obj.args))
        state = dict(getattr(obj, "__dict__", {}))
        for base in kind.__mro__:
            for name, slot in vars(base).items():
                if isinstance(slot, types.MemberDescriptorType) and base.__module__ != "builtins":
                    state[name] = getattr(obj, name, "nothing")
        state.pop("__module__", None)  # the two processes call the notebook by different names
        found.extend((name, tell(part)) for name, part in sorted(state.items()))
        return found

    return tell(value)


def natively(text: str) -> list[Any]:
    """What the calls of a program are in a process that has run the program itself.

    Arguments and results are pickled by name, as the standard library does.
    """
    module = types.ModuleType("notebook_of_a_test")
    sys.modules[module.__name__] = module
    names = vars(module)
    found = []
    for cell, calls in eval(text):
        exec(compile(cell, "<cell>", "exec", dont_inherit=True), names)
        for call in calls:
            try:
                function, args = eval(call, names)
                args = _through_pickle(args)
                found.append(describe(_through_pickle(function(*args)), names))
            except Exception as error:
                found.append(("raised", type(error).__name__, str(error)))
    return found


def _through_pickle(value: Any) -> Any:
    """What arrives; the value itself if only our pool can send it, as it can lambdas."""
    with contextlib.suppress(Exception):
        return pickle.loads(pickle.dumps(value))
    return value


def on_the_pool(submit: Callable[..., Any], made: Program) -> list[Any]:
    """What the calls of a program are on workers.

    Args:
        submit: as that of an executor.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    for cell, calls in made.steps:
        exec(compile(cell, "<cell>", "exec", dont_inherit=True), names)
        for call in calls:
            try:
                function, args = eval(call, names)
                found.append(describe(submit(function, *args).result(60), names))
            except Exception as error:
                found.append(("raised", type(error).__name__, str(error)))
    return found
