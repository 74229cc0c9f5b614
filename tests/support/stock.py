"""Kernels that one test has given back and another one can have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Error, Page

from tests.support.kernel import STRICT, CellError, Kernel
from tests.support.tally import tally

CLEANING = (Path(__file__).parent / "cleaning.py").read_text("utf-8")

#: Makes `cleaning.py` a module of the kernel, out of the way of what tests define.
REMEMBER = f"""
import sys, types
sys.modules["kept_for_tests"] = types.ModuleType("kept_for_tests")
exec({CLEANING!r}, vars(sys.modules["kept_for_tests"]))
sys.modules["kept_for_tests"].remember()
"""

CLEAN = 'await __import__("sys").modules["kept_for_tests"].clean()'


class Stock:
    """Starts kernels, each on a page with a profile of its own, and keeps clean ones."""

    def __init__(self, open_page: Callable[[], Page]) -> None:
        """Keep nothing yet.

        Args:
            open_page: opens JupyterLab in a new profile, in which traces are recorded.
        """
        self._open_page = open_page
        self._kept: list[Kernel] = []

    def take(self) -> Kernel:
        """A kernel in which nothing was done, or nothing is left of what was done."""
        if self._kept:
            kernel = self._kept.pop()
            tally.reused += 1
        else:
            kernel = Kernel(self._open_page(), strict=False)
            kernel.run(REMEMBER)
        kernel.run(STRICT)
        return kernel

    def give_back(self, kernel: Kernel) -> list[str]:
        """Keep a kernel for another test, if nothing is left of this one.

        Returns:
            the names of what is left; then the kernel's page is closed.
        """
        try:
            left: list[str] = kernel.value(CLEAN)
        except (CellError, Error) as error:
            left = [str(error).splitlines()[0]]
        if left:
            tally.dirty += 1
            tally.left[left[0]] += 1
            page_of(kernel).context.close()
        else:
            self._kept.append(kernel)
        return left

    def close(self) -> None:
        """Close the pages of all kernels that are kept."""
        while self._kept:
            page_of(self._kept.pop()).context.close()


def page_of(kernel: Kernel) -> Page:
    """The page of a kernel in Chromium."""
    assert isinstance(kernel.page, Page)
    return kernel.page
