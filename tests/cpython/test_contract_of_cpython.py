"""CPython's tests of process pools hold for ours, but for those excluded by name.

One test for each method. What is printed at the end counts them: passed, and skipped with reasons.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.kernel import Kernel

from .exclusions import EXCLUDED
from .sources import PACKAGE, WHAT_TO_INSTALL, Method, find, make_wheel, methods

LIBRARY = find()

if LIBRARY is None:
    pytest.skip(WHAT_TO_INSTALL, allow_module_level=True)

METHODS = methods(LIBRARY)

#: How many of them hold at least: every one that is not excluded, in the tests of Python 3.13.
AT_LEAST = 72

#: Seconds for one method; the slowest sleeps for six.
LIMIT = 60.0

FOLDER = Path(__file__).parents[2] / "build" / "cpython"


def key(method: Method) -> str:
    """By which it is excluded."""
    return f"{method.case.module}.{method.name}"


@pytest.fixture(scope="module")
def tested(kernel: Kernel, serve: Callable[..., str]) -> Kernel:
    """A kernel with CPython's tests, and our executor where they look for the standard one."""
    assert LIBRARY is not None
    wheel = make_wheel(LIBRARY, FOLDER)
    url = f"{serve(FOLDER, shared=True)}/{wheel.name}"
    kernel.run(f"import micropip\nawait micropip.install({url!r}, deps=False)")
    kernel.run(f"from {PACKAGE} import runner\nrunner.prepare()")
    return kernel


def test_every_exclusion_names_a_test() -> None:
    assert EXCLUDED.keys() <= {key(method) for method in METHODS}


def test_all_but_the_excluded_are_enough() -> None:
    assert sum(key(method) not in EXCLUDED for method in METHODS) >= AT_LEAST


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_holds(method: Method, request: pytest.FixtureRequest) -> None:
    reason = EXCLUDED.get(key(method))
    if reason is not None:
        pytest.skip(f"{method.name}: {reason}")
    tested: Kernel = request.getfixturevalue("tested")
    case = method.case
    call = f"await runner.run({case.module!r}, {case.name!r}, {method.name!r}, {LIMIT})"
    report = tested.value(call)
    assert report["outcome"] == "passed", report["text"]
