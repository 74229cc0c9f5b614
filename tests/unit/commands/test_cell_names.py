"""Which names a cell reads of the notebook, and which it assigns."""

from __future__ import annotations

import ast

import pytest

from jupyterlite_pool.commands.cell_names import names_assigned, names_read


@pytest.mark.parametrize(
    ("body", "read", "assigned"),
    [
        ("x + y", "x y", ""),
        ("total += x", "total x", "total"),
        ("y = x\ny", "x", "y"),
        ("y = y", "y", "y"),
        ("del k", "k", ""),
        ("y: T = x", "T x", "y"),
        ("a, *b = c\na, b", "c", "a b"),
        ("d[k] = v", "d k v", ""),
        ("o.a = v", "o v", ""),
        ("(n := f()) + n", "f", "n"),
        ("[i for i in xs if i > k]", "k xs", ""),
        ("{**base, k: {v for v in vs}}", "base k vs", ""),
        ("[y := f(x) for x in xs]", "f xs", ""),
        ("lambda t, u=w: t + u + z", "w z", ""),
        ("f'{name!r:>{width}}'", "name width", ""),
        ("for f in files:\n    f.read()\nf", "f files", "f"),
        ("for i in xs:\n    print(k)\n    k = i", "k print xs", "i k"),
        ("while (n := g()):\n    n", "g", "n"),
        ("with open(p) as f:\n    d = f.read()", "open p", "d f"),
        ("with suppress(E):\n    k = f()\nk", "E f k suppress", "k"),
        ("if c:\n    y = 1\nelse:\n    y = 2\ny", "c", "y"),
        ("if c:\n    y = 1\ny", "c y", "y"),
        ("try:\n    v = 1\nexcept E as e:\n    print(e)\nv", "E print v", "v"),
        ("try:\n    v\nexcept* E:\n    pass\nfinally:\n    w", "E v w", ""),
        ("match s:\n    case {'a': w, **r}: w, r\n    case P(q) | q: q", "P s", "q r w"),
        ("match s:\n    case [*l] if l: l", "s", "l"),
        ("def g(a, b=q):\n    return g(a) + b + z", "q z", "g"),
        ("def g():\n    global count\n    count += 1", "count", "count g"),
        ("@d\nclass A(B, metaclass=M):\n    x = n\n    def m(self): return A, o", "B M d n o", "A"),
        ("def f():\n    '''doc\n    string'''\n    return h", "h", "f"),
        ("import numpy as np, os.path\nfrom m import *", "", "* np os"),
        ("await f(a)\nasync with c() as d: d", "a c f", "d"),
        ("[await g(u) async for u in us]", "g us", ""),
    ],
)  # fmt: skip
def test_names_of_a_body(body: str, read: str, assigned: str) -> None:
    tree = ast.parse(body)
    assert names_read(tree) == set(read.split())
    assert names_assigned(tree) == set(assigned.split())


def test_what_is_bound_before_is_not_read() -> None:
    assert names_read(ast.parse("x + y"), {"x"}) == {"y"}
