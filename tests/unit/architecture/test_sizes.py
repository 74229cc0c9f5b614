"""How large files, classes and functions of the package may be."""

from __future__ import annotations

import ast

import pytest

from .test_walls import MODULES, tree

FILE_LINES = 400
FUNCTION_LINES = 60
ATTRIBUTES = 20
METHODS = 30

#: Classes that have to be smaller, and functions that may be longer for their docstring.
FEWER_ATTRIBUTES = {"MapJob": 15}
LONGER = {"pool_map"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def attributes(kind: ast.ClassDef) -> set[str]:
    """What a class has, in its body or on `self` in any of its methods, methods left out."""
    found = set()
    for node in kind.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for inner in ast.walk(kind):
        if (
            isinstance(inner, ast.Attribute)
            and isinstance(inner.ctx, ast.Store)
            and isinstance(inner.value, ast.Name)
            and inner.value.id == "self"
        ):
            found.add(inner.attr)
    return found


def methods(kind: ast.ClassDef) -> set[str]:
    return {node.name for node in kind.body if isinstance(node, Function)}


@pytest.mark.parametrize("name", MODULES)
def test_a_file_is_short(name: str) -> None:
    assert len(MODULES[name].read_text("utf-8").splitlines()) <= FILE_LINES


def test_functions_are_short() -> None:
    long = {
        f"{name}.{node.name}": node.end_lineno - node.lineno + 1
        for name in MODULES
        for node in ast.walk(tree(name))
        if isinstance(node, Function) and node.end_lineno and node.name not in LONGER
    }
    assert {what: lines for what, lines in long.items() if lines > FUNCTION_LINES} == {}


def test_classes_hold_little_and_do_little() -> None:
    wrong = {}
    for name in MODULES:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ClassDef):
                has, does = attributes(node), methods(node)
                if len(has) > FEWER_ATTRIBUTES.get(node.name, ATTRIBUTES) or len(does) > METHODS:
                    wrong[f"{name}.{node.name}"] = (len(has), len(does))
    assert wrong == {}, "attributes and methods of each"


def test_the_count_sees_all_that_a_class_has() -> None:
    [kind] = ast.parse(
        "class C:\n"
        "    a: int\n"
        "    b = 1\n"
        "    def f(self):\n"
        "        self.c, self.d = 1, 2\n"
        "    async def g(self):\n"
        "        self.e: int = 3\n"
    ).body
    assert isinstance(kind, ast.ClassDef)
    assert attributes(kind) == {"a", "b", "c", "d", "e"}
    assert methods(kind) == {"f", "g"}
