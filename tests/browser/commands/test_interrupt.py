"""*Interrupt Kernel* and Cancel, pressed by a person while a cell waits for the pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Pages
from tests.support.meeting import HEAR
from tests.support.notebook import Notebook
from tests.support.panel import say

TASKS = """
import asyncio, concurrent.futures, json, sys, threading, time
from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map

executor = get_reusable_executor()

def spin(n):
    if n == 3:
        print("runs now")
    while n == 3:
        pass
    return n

def nap(seconds):
    time.sleep(seconds)
    return time.time()

def settled():
    "No job and no call is left."
    return not executor._pool.dispatcher.jobs() and not executor._pool.dispatcher.unfinished()

async def background():
    "A job that no cell waits for; its items end when they are told."
    return pool_map(time.sleep, [0.4] * 12, block=False, chunksize=1, progress=False, max_workers=1)
"""

# Within a second is meant where nothing else takes the processor's time.
pytestmark = pytest.mark.alone

#: Seconds within which a cell has ended, on a machine that does nothing else.
WITHIN = 1.0

#: Resolves when some words are shown: the cell's own before it waits, or those of a task that runs,
#: of which the kernel can only hear while the cell waits.
SHOWN = """async words => {
  const has = () => [...document.querySelectorAll('.jp-OutputArea-output')]
    .some(({ textContent }) => textContent.includes(words));
  while (!has()) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}"""


#: Resolves when only the pool's two workers and its spare are left.
STOPPED = """async () => {
  const count = async () => (await navigator.locks.query()).held
    .filter(({ name }) => /^jupyterlite-pool:[0-9a-f]{32}$/.test(name)).length;
  while ((await count()) > 3) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}"""

#: Notes when something was pressed last, and when the cell ended.
CLOCK = """() => {
  const now = () => performance.now() / 1000;
  const note = () => { window.pressedAt = now(); };
  for (const type of ['pointerdown', 'pointerup', 'click', 'keydown']) {
    window.addEventListener(type, note, { capture: true });
  }
  window.took = window.ran.then(() => now() - window.pressedAt);
}"""


def press_button(page: Page) -> None:
    page.locator('.jp-NotebookPanel-toolbar [data-command="notebook:interrupt-kernel"]').click()


def choose_in_menu(page: Page) -> None:
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Interrupt Kernel").first.click()


def press_keys(page: Page) -> None:
    page.locator(".jp-Notebook").first.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    page.keyboard.press("i")


def press_cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel", exact=True).click()


class Pressed:
    """A notebook in which something is pressed while its cell waits."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.late = 0.0

    def value(self, expression: str) -> Any:
        return self.notebook.value(expression)

    def press(
        self, code: str, press: Callable[[Page], None] = press_button, shown: str = "runs now"
    ) -> str:
        """Run a cell, press when it waits; returns the name of the error that it ended with."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:delete-cell')")
        self.notebook.start(code)
        self.page.evaluate(SHOWN, shown)
        if "label='spin'" in code:
            expect(self.notebook.cards.last).to_contain_text("5/6")  # all that can has ended
        self.page.evaluate(CLOCK)
        press(self.page)
        took = self.page.evaluate("() => window.took")
        print(f"{press.__name__}: the cell ended after {took:.2f} s")
        assert took < WITHIN + self.late
        return self.notebook.error()


@pytest.fixture(scope="module")
def shared(module_pages: Pages, site: str) -> Pressed:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run(TASKS)
    notebook.run("list(pool_map(abs, range(4), progress=False))")
    return Pressed(notebook)


@pytest.fixture
def pressed(shared: Pressed) -> Pressed:
    shared.notebook.run(
        "while not settled() or len(executor.ready_workers) < 2 or not executor.status().spares:\n"
        "    await asyncio.sleep(0.01)"
    )
    # A browser takes two seconds to stop a busy worker, which keeps a core busy meanwhile.
    shared.page.evaluate(STOPPED)
    shared.late = shared.notebook.lateness()
    return shared


BLOCKS = "r = pool_map(spin, range(6), chunksize=1, label='spin')"
AWAITS = "r = await pool_map(spin, range(6), chunksize=1, label='spin', block=False)"


@pytest.mark.parametrize("code", [BLOCKS, AWAITS], ids=["blocks", "awaits"])
@pytest.mark.parametrize("press", [press_button, choose_in_menu, press_keys])
def test_a_cell_that_waits_for_a_job_is_interrupted(
    pressed: Pressed, press: Callable[[Page], None], code: str
) -> None:
    error = pressed.press(code, press)
    assert "KeyboardInterrupt" in error
    expect(pressed.notebook.cards.last).to_contain_text("cancelled")
    # What had ended is kept, and the next job runs at once.
    pressed.notebook.run(
        "began = time.monotonic()\n"
        "again = list(pool_map(abs, range(6), progress=False))\n"
        "took = time.monotonic() - began\n"
        "kept = sys.last_value.map_result"
    )
    assert pressed.value("kept.partial()") == [0, 1, 2, None, 4, 5]
    assert pressed.value("[again, len(executor.status().workers)]") == [[0, 1, 2, 3, 4, 5], 2]
    assert pressed.value("took") < WITHIN + pressed.late


#: Cells that wait for one endless call in other ways.
WAITS = {
    "result": "executor.submit(spin, 3).result()",
    "await": "await executor.submit(spin, 3)",
    "wait": "concurrent.futures.wait([executor.submit(spin, 3)])",
    "as_completed": "list(concurrent.futures.as_completed([executor.submit(spin, 3)]))",
    "gather": "await asyncio.gather(executor.submit(spin, 3), executor.submit(spin, 3))",
    "task": "await asyncio.create_task(asyncio.wait_for(executor.submit(spin, 3), 60))",
    "asyncio.wait": "await asyncio.wait([asyncio.ensure_future(executor.submit(spin, 3))])",
    "run": "asyncio.run(asyncio.wait_for(executor.submit(spin, 3), 60))",
    "map": "list(executor.map(spin, [3, 4, 5]))",
    "iteration": "[x for x in pool_map(spin, [3], block=False, progress=False)]",
    "async iteration": "[x async for x in pool_map(spin, [3], block=False, progress=False)]",
    "index": "pool_map(spin, [3], block=False, progress=False)[0]",
    "wait()": "pool_map(spin, [3], block=False, progress=False).wait()",
    "arrivals": "list(pool_map(spin, [3], block=False, progress=False).as_completed())",
    "async arrivals": (
        "async for x in pool_map(spin, [3], block=False, progress=False).as_completed(): pass"
    ),
    "line magic": "r = %pool_map spin [3]",
    "parallel cell": "%%pool_map x in [3]\nprint('runs now')\nwhile True: pass",
    "with": "with WorkerPoolExecutor(1) as own: own.submit(spin, 3)",
    "sleep": "executor.submit(spin, 3); time.sleep(60)",
    "async sleep": "executor.submit(spin, 3); await asyncio.sleep(60)",
    "poll": "f = executor.submit(spin, 3)\nwhile not f.done(): time.sleep(0.01)",
    "second wait": "list(pool_map(abs, [1], progress=False)); executor.submit(spin, 3).result()",
}


@pytest.mark.parametrize("code", WAITS.values(), ids=WAITS.keys())
def test_every_wait_for_the_pool_is_interrupted(pressed: Pressed, code: str) -> None:
    error = pressed.press(code)
    assert "KeyboardInterrupt" in error
    # Whatever ran is stopped: its worker is replaced, and serves.
    pressed.notebook.run("while not settled(): await asyncio.sleep(0.01)")
    assert pressed.value("list(pool_map(abs, [-1], progress=False))") == [1]


def test_a_cell_whose_items_come_slowly_is_interrupted(pressed: Pressed) -> None:
    error = pressed.press(
        "def slowly():\n"
        "    for n in range(100):\n"
        "        if n == 3: print('two have ended')\n"
        "        time.sleep(0.3)\n"
        "        yield n\n"
        "pool_map(abs, slowly(), label='slowly')",
        shown="two have ended",
    )
    assert "KeyboardInterrupt" in error
    expect(pressed.notebook.cards.last).to_contain_text("cancelled")
    pressed.notebook.run("while not settled(): await asyncio.sleep(0.01)")
    assert pressed.value("__import__('jupyterlite_pool').last_result().partial()")[:2] == [0, 1]
    assert pressed.value("list(pool_map(abs, [-1], progress=False))") == [1]


@pytest.mark.parametrize("code", [BLOCKS, AWAITS], ids=["blocks", "awaits"])
def test_the_cards_button_cancels_its_job(pressed: Pressed, code: str) -> None:
    error = pressed.press(code, press_cancel)
    assert "KeyboardInterrupt" in error
    assert pressed.value("str(sys.last_value)").startswith("the job was cancelled: ")
    expect(pressed.notebook.cards.last).to_contain_text("■ cancelled")
    expect(pressed.notebook.cards.last).to_contain_text("5/6")
    assert pressed.page.get_by_role("button", name="Cancel", exact=True).count() == 0
    assert pressed.value("sys.last_value.map_result.partial()") == [0, 1, 2, None, 4, 5]
    assert pressed.value("list(pool_map(abs, [-1], progress=False))") == [1]


def test_the_cards_button_cancels_a_job_that_no_cell_waits_for(pressed: Pressed) -> None:
    pressed.notebook.run("job = pool_map(spin, range(6), chunksize=1, label='spin', block=False)")
    card = pressed.notebook.cards.last
    expect(card).to_contain_text("5/6")
    press_cancel(pressed.page)
    expect(card).to_contain_text("■ cancelled")
    assert pressed.value("[job.done(), job.partial()]") == [True, [0, 1, 2, None, 4, 5]]
    assert pressed.value("list(pool_map(abs, [-1], progress=False))") == [1]


def test_the_cards_button_cancels_its_job_while_the_notebook_computes(pressed: Pressed) -> None:
    notebook = pressed.notebook
    notebook.run(
        "job = pool_map(nap, [0.2] * 200, label='nap', block=False)\n"
        "other = pool_map(nap, [0.2] * 4, progress=False, block=False)"
    )
    expect(notebook.cards.last).to_contain_text("nap")
    notebook.start(
        "print('computes now')\n"
        "until = time.time() + 5\n"
        "while time.time() < until: pass\n"
        "over = time.time()"
    )
    pressed.page.evaluate(SHOWN, "computes now")
    press_cancel(pressed.page)
    notebook.finish()
    assert notebook.error() == ""
    expect(notebook.cards.last).to_contain_text("■ cancelled")
    notebook.run("others = await other\nended = [end for end in job.partial() if end]")
    # Nothing of it ran after the press, and other jobs went on meanwhile.
    assert pressed.value("max(ended) < over - 2 and max(others) < over")
    assert pressed.value("[job.done(), len(ended) < 60, len(others)]") == [True, True, 4]
    assert pressed.value("list(pool_map(abs, [-1], progress=False))") == [1]


def test_jobs_that_the_cell_does_not_wait_for_go_on(pressed: Pressed) -> None:
    pressed.notebook.run("other = await background()\nmine = []")
    error = pressed.press("mine.append(executor.submit(spin, 3)); mine[0].result()")
    assert "KeyboardInterrupt" in error
    pressed.notebook.run("done = await other")
    assert pressed.value("[len(done), mine[0].cancelled()]") == [12, True]


def test_a_call_of_an_executor_that_nobody_holds_is_found(pressed: Pressed) -> None:
    pressed.notebook.run("other = await background()")
    error = pressed.press(
        "alone = WorkerPoolExecutor(1).submit(spin, 3); concurrent.futures.wait([alone])"
    )
    assert "KeyboardInterrupt" in error
    pressed.notebook.run("done = await other")
    assert pressed.value("[len(done), alone.cancelled()]") == [12, True]


def test_where_a_cell_waits_for_no_job_all_are_cancelled(pressed: Pressed) -> None:
    pressed.notebook.run(
        "other = await background()\nalso = executor.submit(spin, 3)\n"
        "while executor.status().batches_running < 2: await asyncio.sleep(0.01)"
    )
    error = pressed.press("print('waits now'); time.sleep(60)", shown="waits now")
    assert "KeyboardInterrupt" in error
    pressed.notebook.run("while not settled(): await asyncio.sleep(0.01)")
    assert pressed.value("[other.done(), len(other.partial()), also.cancelled()]") == [
        True,
        12,
        True,
    ]
    assert pressed.value("'x' in other.partial('x')") is True


def test_where_no_cell_runs_all_jobs_are_cancelled(pressed: Pressed) -> None:
    pressed.notebook.run("also = executor.submit(spin, 3)")
    press_button(pressed.page)
    pressed.notebook.run("while not also.done(): await asyncio.sleep(0.01)")
    assert pressed.value("also.cancelled()") is True


def test_cells_behind_the_interrupted_one_do_not_run(pressed: Pressed) -> None:
    pressed.notebook.run("behind = 'not run'")
    pressed.notebook.start("executor.submit(spin, 3).result()")
    pressed.page.evaluate("() => { window.first = window.ran; }")
    pressed.notebook.start("behind = 'run'")
    pressed.page.evaluate(SHOWN, "runs now")
    press_button(pressed.page)
    pressed.page.evaluate("() => Promise.all([window.first, window.ran])")
    assert pressed.value("behind") == "not run"


def test_where_the_settings_say_so_interrupts_leave_jobs_alone(
    pages: Pages, changed_site: Callable[..., str]
) -> None:
    def edit(config: dict[str, Any]) -> None:
        settings = {"interrupt": "nothing"}
        config["settingsOverrides"] = {"jupyterlite-pool:plugin": settings}

    notebook = Notebook(pages.open(f"{changed_site(edit)}/lab/index.html"))
    notebook.run(HEAR + TASKS)
    notebook.start("value = executor.submit(hear, 'go on').result()")
    notebook.page.evaluate(SHOWN, "runs now")
    press_button(notebook.page)
    say(notebook.page, "go on")
    notebook.finish()
    assert notebook.error() == ""
    assert notebook.value("value") == "end"
