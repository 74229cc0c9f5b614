"""No worker outlives its kernel, and no worker that only stood still is taken for dead."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.conftest import BROWSER_FLAGS, Pages
from tests.support.beacons import BEAT, Beacons, listening
from tests.support.freezing import freezing_tab
from tests.support.kernel import Kernel
from tests.support.notebook import Notebook
from tests.support.renderers import asleep

from . import ROUNDS, SEED, rounds
from .report import Record

#: Seconds that a browser lets a busy worker run after a call of `terminate`.
KILL = 2.0

#: Signs of life that an item gives. Item 0 gives them for ever, so its worker would be heard if it
#: outlived its kernel. The other worker runs one short item after the other.
BEATS = 5

#: Cells that a kernel runs in the middle of its map.
STATES = {"nothing": "None", "waits": "list(job)", "computes": "while True: pass"}

MAP = """
import asyncio
from jupyterlite_pool import pool_map
{beat}
job = pool_map(lambda i: beat({url!r}, f"{name}{{i}}", {beats} if i else None), range(100_000),
               max_workers=2, chunksize=1, block=False, progress=False)
"""


class Runs(Protocol):
    """A kernel, with or without a notebook."""

    def start(self, code: str) -> None: ...

    def run(self, code: str) -> object: ...

    def value(self, expression: str) -> Any: ...


class End(NamedTuple):
    """An event that ends a kernel."""

    words: str
    happen: Callable[[Page], None]
    #: Gives the page and the kernel of the next round; by default a new kernel on the same page.
    again: Callable[[Page, Runs, str], tuple[Page, Runs]] = lambda page, _, __: (page, Kernel(page))
    #: Gives the kernel of the first round.
    open: Callable[[Page], Runs] = Kernel


def restart(page: Page) -> None:
    page.evaluate("() => window.poolTest.session.kernel.restart()")


def shut_down(page: Page) -> None:
    page.evaluate("() => window.poolTest.stop()")


def close_notebook(page: Page) -> None:
    """Close the notebook as its menu does, and confirm."""
    command = "notebook:close-and-shutdown"
    page.evaluate("command => void window.jupyterapp.commands.execute(command)", command)
    page.locator(".jp-Dialog .jp-mod-accept").click()


def reload(page: Page) -> None:
    page.reload()


def close_page(page: Page) -> None:
    page.context.new_page()  # without another page, the browser itself would end
    page.close()


def crash(page: Page) -> None:
    page.context.new_page()
    with pytest.raises(Error, match="crash"):
        page.goto("chrome://crash")
    page.close()


def other_page(page: Page, before: Runs, site: str) -> tuple[Page, Runs]:
    [other] = page.context.pages
    other.goto(f"{site}/lab/index.html")
    return other, Kernel(other)


def same_kernel(page: Page, before: Runs, site: str) -> tuple[Page, Runs]:
    return page, before


def new_notebook(page: Page, before: Runs, site: str) -> tuple[Page, Runs]:
    return page, Notebook(page)


ENDS = [
    End("the kernel restarts in the middle of a map", restart, same_kernel),
    End("the kernel is shut down", shut_down),
    End("the notebook is closed", close_notebook, new_notebook, Notebook),
    End("the page is loaded again", reload),
    End("the page is closed", close_page, other_page),
    End("the page crashes", crash, other_page),
]


@pytest.fixture(scope="module")
def beacons() -> Iterator[Beacons]:
    with listening() as beacons:
        yield beacons


class Place:
    """A page and its kernel, which one test leaves for the next: a kernel takes long to start."""

    def __init__(self, open_page: Callable[[], Page]) -> None:
        self._open_page = open_page
        self._left: tuple[Page, Runs] | None = None

    def take(self, kind: Callable[[Page], Runs] = Kernel) -> tuple[Page, Runs]:
        """A page and its kernel; new ones if the test before has failed."""
        left, self._left = self._left, None
        if left is None:
            page = self._open_page()
            return page, kind(page)
        page, kernel = left
        return page, kernel if kind is type(kernel) else kind(page)

    def leave(self, page: Page, kernel: Runs) -> None:
        """Keep a page and its kernel for the next test, for this one has ended well."""
        self._left = page, kernel


@pytest.fixture(scope="module")
def place(module_pages: Pages, site: str) -> Place:
    return Place(lambda: module_pages.open(f"{site}/lab/index.html"))


class Round:
    """A map that is interrupted in the middle, and the signs of life of its items."""

    def __init__(self, beacons: Beacons, name: str, number: int) -> None:
        self.beacons = beacons
        self.name = f"{name}-{number}-"
        self.seed = (SEED + 1_000_003 * number) % 2**32
        #: The rounds take all states in turn, with any first seed.
        self.state = list(STATES)[self.seed % len(STATES)]

    def start(self, kernel: Runs) -> float:
        """Start a map; the instant at which the event is to happen."""
        kernel.start(MAP.format(beat=BEAT, url=self.beacons.url, name=self.name, beats=BEATS))
        self.beacons.wait_heard(f"{self.name}0", f"{self.name}1")
        in_cell = f"cell-{self.name}"  # in a second cell: workers start when the first has ended
        kernel.start(f"beat({self.beacons.url!r}, {in_cell!r}, 1)\n{STATES[self.state]}")
        self.beacons.wait_first(in_cell)
        time.sleep(random.Random(self.seed).random() * 0.5)
        return time.monotonic()

    @property
    def heard(self) -> dict[str, int]:
        """The items that have given signs of life, and how many each has given."""
        return self.beacons.of(self.name)

    def wait_last_sign(self) -> float:
        """Wait until no more signs of life come; the instant of the last one."""
        return self.beacons.wait_silence(*self.heard)

    def keep(self, record: Record, words: str, boot: float, outlived: float) -> None:
        """Check that no item has run twice, and keep the round."""
        heard = self.heard
        assert heard.pop(f"{self.name}0") >= 3
        twice = [name for name, count in heard.items() if count > BEATS]
        assert twice == []
        known = {"tasks": 1 + len(heard), "duplicated": len(twice)}
        record.add(words, detect=outlived, boot=boot, seed=self.seed, **known)


def check_next_call(kernel: Runs) -> None:
    """A new kernel has no variables of the one before, and workers of its own."""
    assert kernel.value("'job' in globals()") is False
    call = "list(__import__('jupyterlite_pool').pool_map(abs, [-1, -2]))"
    assert kernel.value(call) == [1, 2]


@pytest.mark.timeout(60 + 60 * ROUNDS)
@pytest.mark.parametrize(
    "end",
    [pytest.param(end, id=end.happen.__name__) for end in ENDS],
)
def test_no_worker_outlives_its_kernel(
    place: Place, site: str, beacons: Beacons, boot: float, record: Record, end: End
) -> None:
    page, kernel = place.take(end.open)
    for number in rounds():
        map_ = Round(beacons, end.happen.__name__, number)
        since = map_.start(kernel)
        end.happen(page)
        outlived = max(0.0, map_.wait_last_sign() - since)
        assert outlived <= 2 * KILL, f"{outlived:.1f} s; the kernel: {map_.state}"
        page, kernel = end.again(page, kernel, site)
        check_next_call(kernel)
        map_.keep(record, end.words, boot, outlived)
    place.leave(page, kernel)


@pytest.mark.timeout(60 + 60 * ROUNDS)
def test_a_page_is_left_and_come_back_to(
    place: Place, site: str, beacons: Beacons, boot: float, record: Record
) -> None:
    page, kernel = place.take()
    wanted, tried = rounds(), 0
    more = next(wanted, None)
    while more is not None:
        map_ = Round(beacons, "away", tried)
        tried += 1
        # A browser may drop a page: sometimes a script of the page still runs after it was left.
        assert tried <= 2 * ROUNDS + 2, f"{tried} pages were left, and round {more} has none yet"
        since = map_.start(kernel)
        page.evaluate("() => { window.keptMark = true; }")
        page.goto(f"{site}/jupyter-lite.json")
        outlived = max(0.0, map_.wait_last_sign() - since)
        assert outlived <= 2 * KILL, f"{outlived:.1f} s; the kernel: {map_.state}"
        begun = len(map_.heard)
        page.go_back(wait_until="commit")
        if page.evaluate("() => window.keptMark === true"):
            check_it_goes_on(map_, kernel, begun)
            map_.keep(record, "the page is left for another, and come back to", boot, outlived)
            page.reload()
            more = next(wanted, None)
        kernel = Kernel(page)
        check_next_call(kernel)
    place.leave(page, kernel)


def check_it_goes_on(map_: Round, kernel: Runs, begun: int) -> None:
    """A map of a page that was kept has its results and goes on; `begun` items had begun before."""
    map_.beacons.wait_more(map_.name)
    if map_.state == "nothing":  # the others' cells never end
        kernel.run(f"while None in job.partial()[1:{begun}]: await asyncio.sleep(0.01)")
        kernel.run("job.cancel(running=True)")
        values = dict(enumerate(kernel.value("job.partial()")))
        ended = {i: value for i, value in values.items() if value is not None}
        assert set(ended) >= set(range(1, begun)), "items that had begun when the page was left"
        assert ended == {i: f"{map_.name}{i}" for i in ended}


@pytest.mark.timeout(60 + 30 * ROUNDS)
def test_what_a_stopped_task_still_does_ends_soon(
    place: Place, beacons: Beacons, boot: float, record: Record
) -> None:
    page, kernel = place.take()
    kernel.run(BEAT + "from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor")
    kernel.run("get_reusable_executor().shutdown()\nexecutor = WorkerPoolExecutor(1)")
    for number in rounds():
        seed = (SEED + 1_000_003 * number) % 2**32
        name = f"stopped-{number}"
        kernel.run(f"future = executor.submit(beat, {beacons.url!r}, {name!r})")
        beacons.wait_heard(name)
        time.sleep(random.Random(seed).random() * 0.2)
        kernel.run("stopped = future.cancel(running=True)")
        since = time.monotonic()
        assert kernel.value("[stopped, future.cancelled()]") == [True, True]
        assert kernel.value("await executor.submit(abs, -1)") == 1, "a spare has taken its place"
        outlived = max(0.0, beacons.wait_silence(name) - since)
        assert outlived <= 2 * KILL, f"{outlived:.1f} s"
        words = "a task is stopped while it sends requests, the last of which come then"
        record.add(words, detect=outlived, boot=boot, seed=seed, tasks=1)
    kernel.run("executor.shutdown()")
    place.leave(page, kernel)


#: Signs of life that a dozing task gives.
DOZES = 30

#: Seconds: the limits of a task and of its job, and the time for which everything stands still.
TASK_TIMEOUT, TIMEOUT, STILL = 10.0, 11.0, 12.0

DOZE = """
from jupyterlite_pool import get_reusable_executor, pool_map
await get_reusable_executor().submit_everywhere(abs, 0)  # the limits are not those of a start
async def doze(name):
    import asyncio, js
    for _ in range({dozes}):
        await js.fetch("{url}/" + name)
        await asyncio.sleep(0.03)
    return name
job = pool_map(doze, {names}, task_timeout={task_timeout}, timeout={timeout}, block=False,
               return_exceptions=True)
"""


def stand_still(
    kernel: Runs, beacons: Beacons, name: str, number: int, still: AbstractContextManager[None]
) -> int:
    """Stop everything in the middle of a job, for longer than the job may take; the seed."""
    seed = (SEED + 1_000_003 * number) % 2**32
    names = [f"{name}-{number}-{i}" for i in range(2)]
    limits = {"task_timeout": TASK_TIMEOUT, "timeout": TIMEOUT}
    kernel.run(DOZE.format(url=beacons.url, names=names, dozes=DOZES, **limits))
    beacons.wait_heard(*names)
    time.sleep(random.Random(seed).random() * 0.2)
    with still:
        beacons.wait_silence(*names, of=STILL)
        before = beacons.of(f"{name}-{number}-")
    kernel.run(f"assert await job == {names!r}")
    assert max(before.values()) < DOZES, "a task was over before everything stood still"
    assert beacons.of(f"{name}-{number}-") == dict.fromkeys(names, DOZES)
    return seed


@pytest.mark.timeout(60 + 30 * ROUNDS)
def test_a_tab_is_frozen_for_longer_than_a_task_may_take(
    site: str, chromium: str, beacons: Beacons, record: Record
) -> None:
    with freezing_tab(chromium, BROWSER_FLAGS, f"{site}/lab/index.html") as tab:
        kernel = Kernel(tab)
        for number in rounds():
            seed = stand_still(kernel, beacons, "frozen", number, tab.frozen())
            words = "a tab is frozen for longer than a task and its job may take, and goes on"
            record.add(words, seed=seed, tasks=2)


@pytest.mark.timeout(60 + 30 * ROUNDS)
def test_a_laptop_sleeps_for_longer_than_a_task_may_take(
    place: Place, browser: Browser, beacons: Beacons, record: Record
) -> None:
    _, kernel = place.take()
    for number in rounds():
        seed = stand_still(kernel, beacons, "asleep", number, asleep(browser))
        words = "the machine sleeps for longer than a task and its job may take, and goes on"
        record.add(words, seed=seed, tasks=2)
