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
        ("[y := f(x) for x in xs]", "f xs", "y"),
        ("[t := t + v for v in xs]\nt", "t xs", "t"),
        ("any((hit := v) > 1 for v in xs)", "any xs", "hit"),
        ("[[t := t + v for v in vs] for vs in xs]", "t xs", "t"),
        ("c and (t := 5)\nt + 1", "c t", "t"),
        ("(t := f()) and t\nt", "f", "t"),
        ("if c and (t := 5):\n    t", "c", "t"),
        ("while c and (t := f()) != e:\n    t", "c e f", "t"),
        ("(t := 1) if c else 2\nt", "c t", "t"),
        ("(t := 1) if c else (t := 2)\nt", "c", "t"),
        ("a < b < (t := 2)\nt", "a b t", "t"),
        ("class M(M):\n    pass", "M", "M"),
        ("class M(B, m=M):\n    pass", "B M", "M"),
        ("def k(f=k, *, g=h):\n    return k", "h k", "k"),
        ("@f\ndef f(): pass", "f", "f"),
        ("@M\nclass M: pass", "M", "M"),
        ("class C:\n    rate = rate", "rate", "C"),
        ("class C:\n    k = 1\n    j = k\n    def m(self): return C, k", "k", "C"),
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
