"""Cells that define something of every kind, and what a task must see of it.

Each cell defines `call`, a function without arguments: its value in a worker must be its value
here. It may define `SAME`, objects that must come back as they are, and `KEPT`, instances that must
come back with their own class. A cell of a newer Python says so.
"""

# ruff: noqa: E501 - the cells are data

from __future__ import annotations

from typing import NamedTuple


class Definition(NamedTuple):
    """One cell."""

    name: str
    source: str
    #: The oldest Python that can read it.
    since: tuple[int, int] = (3, 11)


DEFINITIONS = [
    Definition(
        "hooks of subclasses with arguments",
        """
class Plugin:
    registry = {}
    def __init_subclass__(cls, /, key, **rest):
        super().__init_subclass__(**rest)
        cls.registry[key] = cls.__name__
        cls.key = key
class First(Plugin, key="a"): pass
class Second(First, key="b"): pass
def call():
    made = type("Third", (First,), {}, key="c").key
    return Second.key, First().key, dict(Plugin.registry), Plugin.registry.pop(made)
KEPT = [Second()]
SAME = [Second]
""",
    ),
    Definition(
        "a metaclass with arguments, properties and a count",
        """
class Meta(type):
    made = []
    def __new__(meta, name, bases, space, *, tag):
        cls = super().__new__(meta, name, bases, space)
        cls.tag = tag
        return cls
    def __init__(cls, name, bases, space, *, tag):
        super().__init__(name, bases, space)
        Meta.made.append(name)
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.via = cls.tag
        return made
    def __setattr__(cls, name, value):
        if name == "fixed":
            raise TypeError
        super().__setattr__(name, value)
    @property
    def shown(cls):
        return f"of the metaclass: {cls.tag}"
    def __len__(cls):
        return 0
class Model(metaclass=Meta, tag="t"):
    fixed = 1
    shown = 3
def call():
    return Model.tag, Meta.made, Model().via, Model.fixed, Model.shown, Model().shown, len(Model)
KEPT = [Model()]
SAME = [Model, Meta]
""",
    ),
    Definition(
        "a metaclass that compares its classes",
        """
class Meta(type):
    def __eq__(cls, other): return True
    def __hash__(cls): return 1
class One(metaclass=Meta): x = 1
class Two(metaclass=Meta): x = 2
def call(): return One.x, Two.x, One().x, Two().x
SAME = [One, Two]
KEPT = [One(), Two()]
""",
    ),
    Definition(
        "slots in every mixture",
        """
import weakref
class Weak: __slots__ = ("a", "__weakref__")
class Mangled(Weak):
    __slots__ = ("__hidden", "b")
    def __init__(self): self.__hidden = 1
class Open(Mangled): pass
class WithDict(Mangled): __slots__ = ("__dict__",)
class Explained(Mangled): __slots__ = {"doc": "what it says"}
class One: __slots__ = "one"
class FromIterator: __slots__ = iter(["p", "q"])
class Empty(Weak): __slots__ = ()
class Aliased:
    __slots__ = ("x",)
Aliased.y = Aliased.x
def look(cls):
    made = cls()
    try:
        weakref.ref(made)
        weak = True
    except TypeError:
        weak = False
    names = sorted(name for name in dir(made) if not name.startswith("__"))
    return cls.__name__, hasattr(made, "__dict__"), getattr(made, "_Mangled__hidden", 0), weak, names
def call():
    aliased = Aliased()
    aliased.x = 5
    classes = [Weak, Mangled, Open, WithDict, Explained, One, FromIterator, Empty, Aliased]
    return [look(cls) for cls in classes], Explained.__slots__, aliased.y
full = WithDict()
full.a = full.b = full.more = full
KEPT = [full, Empty()]
""",
    ),
    Definition(
        "properties, descriptors and methods of one's own kind",
        """
import functools
class Property(property):
    note = "n"
class Named:
    def __set_name__(self, owner, name): self.name = (owner.__name__, name)
    def __get__(self, obj, owner=None): return self.name
class Method(classmethod):
    extra = 4
class Static(staticmethod): pass
class Thing:
    @Property
    def value(self):
        "what it is"
        return 5
    @value.setter
    def value(self, value): self.set_to = value
    named = Named()
    @Method
    def of_class(cls): return cls.__name__
    @Static
    def alone(x): return x + 1
    @functools.cached_property
    def cached(self): return [1]
    def base(self, a, b=2): return a, b
    bound = functools.partialmethod(base, 7)
def call():
    thing = Thing()
    thing.value = 3
    own = vars(Thing)
    return (thing.value, thing.set_to, type(own["value"]).note, Thing.value.__doc__, thing.named,
            Thing.of_class(), type(own["of_class"]).extra, type(own["alone"]).__name__,
            Thing.alone(1), thing.cached, thing.cached is thing.cached, thing.bound(b=9))
KEPT = [Thing()]
""",
    ),
    Definition(
        "functions that are chosen by a type",
        """
import functools
@functools.singledispatch
def shown(x): return "object"
@shown.register
def _(x: int): return "int " + shown("")
@shown.register(list)
def _(x): return "list " + shown(len(x))
class Thing:
    @functools.singledispatchmethod
    def shown(self, x): return "object"
    @shown.register
    def _(self, x: int): return "int"
    @shown.register(Exception)
    def _(self, x): return "error"
def call():
    @shown.register(dict)
    def _(x): return "dict"
    kinds = len(shown.registry)
    thing = Thing()
    return shown([1]), shown(1), shown({}), kinds, thing.shown(1), thing.shown(""), thing.shown(KeyError())
""",
    ),
    Definition(
        "functions with caches",
        """
import functools
@functools.cache
def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
@functools.lru_cache(maxsize=3, typed=True)
def kind(x): return type(x).__name__
kind.note = "n"
class Grid:
    @functools.lru_cache(maxsize=5)
    def cell(self, i): return i * 2
    @staticmethod
    @functools.cache
    def area(n): return n * n
    @classmethod
    @functools.lru_cache
    def name(cls): return cls.__name__
fibonacci(20)
def call():
    grid = Grid()
    return (fibonacci(30), kind(1), kind(1.0), kind.cache_info().maxsize, kind.note, kind.__name__,
            grid.cell(4), Grid.area(3), Grid.name(), Grid.cell.cache_info().maxsize)
""",
    ),
    Definition(
        "partials of one's own kind",
        """
import functools
class Partial(functools.partial):
    def __new__(cls, function, *, note):
        self = super().__new__(cls, function, base=16)
        self.note = note
        return self
    def __call__(self, *args): return "mine", super().__call__(*args)
made = Partial(int, note="n")
def call(): return made("ff"), made.note, made.keywords
KEPT = [made]
""",
    ),
    Definition(
        "abstract classes and virtual subclasses",
        """
import abc
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
    @classmethod
    def __subclasshook__(cls, other):
        return True if any("duck" in vars(base) for base in other.__mro__) else NotImplemented
@Shape.register
class Virtual: pass
class Duck: duck = 1
class Square(Shape):
    def area(self): return 4
class Half(Shape): pass
def refused(cls):
    try:
        cls()
    except TypeError:
        return True
    return False
def call():
    found = [isinstance(x, Shape) for x in (Virtual(), Duck(), Square(), 1)]
    return found, refused(Shape), refused(Half), Square().area(), Shape.__abstractmethods__
KEPT = [Square(), Virtual()]
""",
    ),
    Definition(
        "closures that share variables",
        """
import functools
def counted(function):
    count = 0
    @functools.wraps(function)
    def wrapper(*args):
        nonlocal count
        count += 1
        return function(*args)
    wrapper.count = lambda: count
    return wrapper
@counted
def same(x): return x
def pair():
    n = 0
    def add():
        nonlocal n
        n += 1
        return n
    return add, lambda: n
add, get = pair()
def call():
    before, again = same.count(), get()
    same(1), same(2), add()
    return same.count() - before, get() - again
""",
    ),
    Definition(
        "functions and classes that know each other",
        """
def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)
class Egg:
    def next(self): return Hen()
class Hen(Egg):
    def next(self): return Egg()
    def name(self): return "hen of " + super().next().__class__.__name__ + __class__.__name__
def outer():
    class Local:
        made = 0
        def __init__(self): type(self).made += 1
        def me(self): return Local
    return Local
Local = outer()
class Holder: pass
Holder.itself = Holder()
Holder.all = [Holder.itself, Holder]
def call():
    local = Local()
    return (even(10), type(Egg().next().next()).__name__, Hen().name(), local.me() is Local,
            isinstance(Holder.itself, Holder), Holder.all[0] is Holder.itself)
KEPT = [Egg(), Hen(), Local()]
SAME = [Holder, Local]
""",
    ),
    Definition(
        "dataclasses in every form",
        """
import dataclasses
from typing import Any, ClassVar
@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Frozen:
    a: int
    b: list = dataclasses.field(default_factory=list, compare=False)
@dataclasses.dataclass(kw_only=True)
class Base:
    x: int = 1
    y: dataclasses.InitVar[int] = 5
    z: ClassVar[int] = 9
    def __post_init__(self, y): self.w = y
@dataclasses.dataclass
class Derived(Base):
    _: dataclasses.KW_ONLY
    q: str = "q"
    f: Any = dataclasses.field(default=None, repr=False, metadata={"k": 1})
Made = dataclasses.make_dataclass("Made", [("a", int), ("b", str, "x")])
def fixed(obj):
    try:
        obj.a = 3
    except dataclasses.FrozenInstanceError:
        return True
def call():
    one, two = Frozen(1), Derived(q="z", y=8)
    fields = dataclasses.fields
    return (repr(one), one == Frozen(1, [3]), one < Frozen(2), hash(one), dataclasses.asdict(two),
            two.w, [f.name for f in fields(Derived)], dataclasses.replace(one, a=2).a, fixed(one),
            fields(Frozen)[1].default is dataclasses.MISSING, fields(Derived)[-1].metadata["k"],
            repr(two), Frozen.__match_args__, Frozen.__slots__, dataclasses.astuple(Made(1)))
KEPT = [Frozen(1), Derived(q="z"), Made(2)]
""",
    ),
    Definition(
        "named tuples, typed dictionaries, protocols",
        """
from collections import namedtuple
from typing import NamedTuple, Protocol, Required, TypedDict, get_type_hints, runtime_checkable
class Point(NamedTuple):
    x: int
    y: int = 7
    def both(self): return self.x + self.y
Pair = namedtuple("Pair", "left right", defaults=[None])
class Loose(TypedDict, total=False):
    k: int
class Strict(Loose):
    l: Required[str]
@runtime_checkable
class Walks(Protocol):
    def walk(self) -> int: ...
class Dog:
    def walk(self): return 1
class Cat(Walks):
    def walk(self): return 2
def call():
    try:
        Walks()
        made = True
    except TypeError:
        made = False
    return (Point(1).both(), Point(1)._replace(x=3), Point._field_defaults, Pair(1), Strict(k=1, l="x"),
            Strict.__required_keys__, Strict.__optional_keys__, get_type_hints(Strict), Loose.__total__,
            isinstance(Dog(), Walks), isinstance(1, Walks), Cat().walk(), made)
KEPT = [Point(1), Pair(2), Cat()]
SAME = [Strict, Walks]
""",
    ),
    Definition(
        "generic classes and type variables",
        """
from typing import Callable, Generic, NewType, ParamSpec, TypeVar, TypeVarTuple, get_type_hints
T = TypeVar("T", bound="Stack")
K = TypeVar("K", int, str)
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
UserId = NewType("UserId", int)
class Stack(Generic[K]):
    def __init__(self): self.items = []
    def push(self, x: K) -> "Stack[K]":
        self.items.append(x)
        return self
class Numbers(Stack[int]): pass
class Both(Generic[P, K]): pass
class Many(Generic[T, *Ts]): pass
def plain(f: Callable[P, K]) -> Callable[P, K]:
    def inner(*args: P.args, **kwargs: P.kwargs) -> K:
        return f(*args, **kwargs)
    return inner
@plain
def plus(a: int) -> int: return a + 1
def call():
    return (Stack[int]().push(1).items, Numbers().push(2).items, Stack.__parameters__ == (K,),
            Numbers.__orig_bases__ == (Stack[int],), get_type_hints(Stack.push)["x"] is K,
            str(Both[[int], str]), Many[int, str, str].__args__, plus(3), UserId(4), UserId.__supertype__)
SAME = [T, K, P, Ts, UserId, Stack, Many]
KEPT = [Numbers()]
""",
    ),
    Definition(
        "enums of every kind",
        """
import datetime, enum, dataclasses
class Colour(enum.Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1
    def __init__(self, value): self.hex = hex(value)
    @property
    def low(self): return self.name.lower()
    @classmethod
    def usual(cls): return cls.GREEN
    @enum.nonmember
    class Inner: z = 1
    def paint(self, on=None): return self if on is None else on
Colour.favourite = Colour.RED
class Text(str, enum.Enum):
    A = "a"
    B = "b"
    def __str__(self): return f"<{self.value}>"
class Word(enum.StrEnum):
    FIRST = enum.auto()
class Code(enum.Enum):
    def __new__(cls, code, label):
        self = object.__new__(cls)
        self._value_ = code
        self.label = label
        return self
    X = (1, "ex")
    Y = (2, "why")
class Number(enum.IntEnum):
    ONE = 1
    OTHER = 99
    @classmethod
    def _missing_(cls, value): return cls.OTHER
class Access(enum.Flag, boundary=enum.KEEP):
    R = 1
    W = 2
    X = 4
    RW = 3
class Bits(enum.IntFlag):
    P = 1
    Q = 2
Bits.P | Bits.Q | 8
class Unhashable(enum.Enum):
    L = [1]
    M = {"a": 2}
class Pair(tuple, enum.Enum):
    P = (1, 2)
class Day(datetime.date, enum.Enum):
    D = 2020, 1, 2
@dataclasses.dataclass
class Mixin:
    a: int
    b: str
class Mixed(Mixin, enum.Enum):
    ONE = 1, "one"
class Auto(enum.Enum):
    def _generate_next_value_(name, start, count, last): return name.lower()
    Q = enum.auto()
class Without(enum.Enum):
    def hello(self): return "hi " + self.name
class With(Without):
    Z = 1
Made = enum.Enum("Made", "A B")
def call():
    return [repr(x) for x in (
        Colour.CRIMSON is Colour.RED, Colour(1) is Colour.RED, Colour["CRIMSON"], Colour.GREEN.hex,
        Colour.RED.low, Colour.usual(), list(Colour), list(Colour.__members__), Colour.Inner.z,
        Colour.favourite is Colour.RED, Text("a") is Text.A, str(Text.B), Text.A == "a", Word.FIRST,
        Code(2).label, Code.X.label, Number(7), Access(3) is Access.RW, Access.R | Access.X,
        (Access.R | Access.W) is Access.RW, Access(9), ~Access.R, Bits.P | Bits.Q,
        Bits(3) & Bits.P is Bits.P, Unhashable([1]) is Unhashable.L, Pair.P[1], Day.D.year, Mixed.ONE.b,
        Auto.Q, With.Z.hello(), f"{Number.ONE}", len(Access), Access.R in Access.RW, Made.B.value,
        Made(1) is Made.A, hash(Number.ONE))]
SAME = [Colour.RED, Colour.CRIMSON, Text.A, Word.FIRST, Code.Y, Number.OTHER, Access.RW,
        Access.R | Access.X, Access(0), Bits.P, Bits.P | Bits.Q, Unhashable.L, Pair.P, Day.D, Mixed.ONE,
        Auto.Q, With.Z, Made.A, Colour, {"key": Colour.RED}["key"]]
""",
    ),
    Definition(
        "objects that say themselves how they travel",
        """
import types, weakref, contextvars, contextlib
class Counted:
    def __init__(self, v): self.v = v
    def __getstate__(self): return {"v": self.v + 1}
    def __setstate__(self, state): self.v = state["v"] * 10
class Key:
    def __init__(self, v): self.v = v
    def __eq__(self, other): return isinstance(other, Key) and self.v == other.v
    def __hash__(self): return hash(self.v)
class Numbers(list):
    def __init__(self, *args):
        super().__init__(args)
        self.tag = "t"
class Default(dict):
    def __missing__(self, key): return "missing"
class Any:
    def __getattr__(self, name): return name
class Silent:
    __hash__ = None
space = types.SimpleNamespace(a=1, f=lambda: 4)
variable = contextvars.ContextVar("variable", default=3)
weak = weakref.WeakValueDictionary()
numbers, default, keys, members = Numbers(1, 2), Default(a=1), {Key(1): "x"}, {Key(2)}
@contextlib.contextmanager
def entered(x): yield x
def call():
    with entered(4) as four:
        pass
    return (list(numbers), numbers.tag, default["q"], keys[Key(1)], Key(2) in members, Any().hello,
            Silent.__hash__, space.a, space.f(), variable.get(), len(weak), four)
KEPT = [Key(1), numbers, default, Any(), Silent(), Counted(1)]
SAME = [variable]
""",
    ),
    Definition(
        "classes that derive from the library's",
        """
import abc, collections, collections.abc, datetime, enum, fractions, string, types
class Percent(string.Template):
    delimiter = "%"
class Stored(collections.abc.MutableMapping):
    def __init__(self): self.d = {}
    def __getitem__(self, key): return self.d[key]
    def __setitem__(self, key, value): self.d[key] = value
    def __delitem__(self, key): del self.d[key]
    def __iter__(self): return iter(self.d)
    def __len__(self): return len(self.d)
class Day(datetime.date):
    def next(self): return self + datetime.timedelta(1)
class Half(fractions.Fraction):
    def half(self): return self / 2
class Both(abc.ABCMeta, enum.EnumMeta): pass
class Shape(enum.Enum, metaclass=Both):
    ROUND = 1
    def hello(self): return self.name
class Tagged(int):
    def __new__(cls, value, *, tag):
        self = int.__new__(cls, value)
        self.tag = tag
        return self
    def __getnewargs_ex__(self): return (int(self),), {"tag": self.tag}
class Queue(collections.deque): pass
class Space(dict):
    __slots__ = ("a",)
module = types.ModuleType("module_of_a_cell")
exec("K = 3\\ndef f(x): return x + g()\\ndef g(): return K", vars(module))
def itself(x, me=None): return me is itself
itself.__defaults__ = (itself,)
def outer():
    def factorial(n): return 1 if n < 2 else n * factorial(n - 1)
    return factorial
factorial = outer()
def call():
    stored = Stored()
    stored["a"] = 1
    return (Percent("%a").substitute(a=1), dict(stored), isinstance(stored, collections.abc.Mapping),
            Day(2020, 1, 1).next().isoformat(), Half(1, 3).half(), Shape.ROUND.hello(), Tagged(3, tag="t").tag,
            list(Queue([1])), module.f(1), itself(1), factorial(5))
SAME = [Shape.ROUND, Day, Stored]
KEPT = [Percent("%a"), Stored(), Day(2020, 1, 1), Half(1, 2), Tagged(1, tag="t"), Queue([1]), Space(a=1)]
""",
    ),
    Definition(
        "type statements and type parameters",
        """
type Pair[T] = tuple[T, T]
type Json = dict[str, Json] | list[Json] | int
class Box[T: (int, str)]:
    def __init__(self, item: T): self.item = item
    def pair(self) -> Pair[T]: return self.item, self.item
class Node[T: Node]:
    pass
def first[T](box: Box[T]) -> T: return box.pair()[0]
def call():
    return (first(Box(3)), str(Pair.__value__), str(Json.__value__), first.__type_params__[0].__name__,
            Box.__type_params__[0].__constraints__, Box[int](4).pair(),
            Node.__type_params__[0].__bound__ is Node, Json.__value__.__args__[0].__args__[1] is Json)
SAME = [Pair, Json, Box, *Box.__type_params__, *Pair.__type_params__]
KEPT = [Box[int](6)]
""",
        (3, 12),
    ),
    Definition(
        "annotations that name what is not there",
        """
import annotationlib
def echo(x: Nowhere) -> Nothing: return x
class Thing:
    a: Nowhere
    b: int = 3
class Known:
    a: int
    me: "Known"
def call():
    text = annotationlib.Format.STRING
    return (echo(3), Thing().b, Known.__annotations__["a"], annotationlib.get_annotations(echo, format=text),
            annotationlib.get_annotations(Thing, format=text))
KEPT = [Thing()]
""",
        (3, 14),
    ),
]
