"""CPython's tests of process pools pass on our pool, except those that are excluded by name.

There is one test for each method. pytest's summary counts the tests that passed, and shows why the
others were skipped.
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

#: The number of tests of Python 3.13 that are not excluded: at least this many must pass.
AT_LEAST = 73

#: Seconds for one method. The slowest starts nine workers.
LIMIT = 100.0

FOLDER = Path(__file__).parents[3] / "build" / "cpython"


#: A module of tests whose outcomes are known.
KNOWN = """
import asyncio, sys, types, unittest
from pyodide.ffi import run_sync
class Known(unittest.TestCase):
    def test_passes(self):
        pass
    def test_fails(self):
        self.fail("on purpose")
    def test_raises(self):
        raise LookupError("on purpose")
    def test_fails_in_part(self):
        with self.subTest():
            self.fail("in a part")
    def test_skips(self):
        self.skipTest("it has to")
    def test_hangs(self):
        run_sync(asyncio.Event().wait())
module = types.ModuleType("test.test_concurrent_futures.known")
module.Known = Known
sys.modules[module.__name__] = module
"""


def key(method: Method) -> str:
    """The name of a method in `EXCLUDED`."""
    return f"{method.case.module}.{method.name}"


def marks(method: Method) -> list[pytest.MarkDecorator]:
    """The marks of a method: an excluded method is skipped with its reason."""
    reason = EXCLUDED.get(key(method))
    return [] if reason is None else [pytest.mark.skip(f"{method.name}: {reason}")]


@pytest.fixture(scope="module")
def tested(kernel: Kernel, serve: Callable[..., str]) -> Kernel:
    """A kernel with CPython's tests, and our executor in the place of the standard one."""
    assert LIBRARY is not None
    wheel = make_wheel(LIBRARY, FOLDER)
    url = f"{serve(FOLDER, shared=True)}/{wheel.name}"
    kernel.run(f"import micropip\nawait micropip.install({url!r}, deps=False)")
    kernel.run(f"from {PACKAGE} import runner\nrunner.prepare()")
    return kernel


def run(tested: Kernel, module: str, case: str, method: str, limit: float) -> tuple[str, str]:
    """The outcome of a method, and the text of its errors."""
    report = tested.value(f"await runner.run({module!r}, {case!r}, {method!r}, {limit})")
    return report["outcome"], report["text"]


def test_every_exclusion_names_a_test() -> None:
    assert EXCLUDED.keys() <= {key(method) for method in METHODS}


def test_all_but_the_excluded_are_enough() -> None:
    assert sum(key(method) not in EXCLUDED for method in METHODS) >= AT_LEAST


@pytest.mark.parametrize(
    "method", [pytest.param(method, id=str(method), marks=marks(method)) for method in METHODS]
)
def test_holds(tested: Kernel, method: Method) -> None:
    outcome, text = run(tested, method.case.module, method.case.name, method.name, LIMIT)
    assert outcome == "passed", f"{outcome}: {text}"


@pytest.mark.parametrize(
    ("method", "outcome", "text"),
    [
        ("test_hangs", "hangs", "longer than 0.1 s"),
        ("test_passes", "passed", ""),
        ("test_fails", "failed", "AssertionError: on purpose"),
        ("test_raises", "failed", "LookupError: on purpose"),
        ("test_fails_in_part", "failed", "AssertionError: in a part"),
        ("test_skips", "skipped", "it has to"),
    ],
)
def test_the_runner_tells_outcomes_apart(
    tested: Kernel, method: str, outcome: str, text: str
) -> None:
    tested.run(KNOWN)
    limit = 0.1 if method == "test_hangs" else LIMIT
    found = run(tested, "known", "Known", method, limit)
    assert found[0] == outcome
    assert text in found[1]
