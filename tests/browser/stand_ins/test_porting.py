"""The page for those who bring programs along: its code runs, and prints what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.kernel import Kernel
from tests.support.wheels import COMPILED_FOR_DASK, DASK, JOBLIB, TQDM, Wheels

PAGE = (Path(__file__).parents[3] / "docs" / "porting.md").read_text("utf-8")

#: Sections of this part run as they are once `install` was called.
UNCHANGED = "Unchanged"

#: A line that prints, and in its comment what.
PRINTS = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)


class Section(NamedTuple):
    """What stands under a heading, as far as it can be run."""

    part: str
    title: str
    blocks: list[str]


def sections() -> list[Section]:
    """Every section with code to run; a block marked `py` belongs to another tool."""
    found = []
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        for section in re.split(r"^### ", part, flags=re.MULTILINE)[1:]:
            blocks = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
            if blocks:
                titles = [text.partition("\n")[0] for text in (part, section)]
                found.append(Section(titles[0], titles[1], blocks))
    return found


SECTIONS = sections()


@pytest.fixture(scope="module", autouse=True)
def _packages(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install(kernel, TQDM, JOBLIB, *DASK)
    wheels.install_pure(kernel, COMPILED_FOR_DASK)
    kernel.run("import jupyterlite_pool")


@pytest.fixture
def _installed(kernel: Kernel, request: pytest.FixtureRequest) -> Iterator[None]:
    """What the page's first block does, for the sections after it."""
    unchanged = request.getfixturevalue("section").part == UNCHANGED
    if unchanged:
        kernel.run("jupyterlite_pool.install()")
    yield
    if unchanged:
        kernel.run("jupyterlite_pool.uninstall()")


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("section", SECTIONS, ids=[section.title for section in SECTIONS])
def test_the_code_of_a_section_prints_what_it_says(kernel: Kernel, section: Section) -> None:
    for block in section.blocks:
        said = PRINTS.findall(block)
        assert said, "a block that shows nothing proves nothing"
        assert kernel.run(block).stdout.splitlines() == said


def test_no_section_is_overlooked() -> None:
    titles = [section.title for section in SECTIONS]
    assert titles[:4] == ["concurrent.futures", "multiprocessing", "joblib", "tqdm"]
    assert {"asyncio", "joblib", "Dask", "ipyparallel"} <= set(titles[4:])
