"""Measures what it costs a busy cell that it can be interrupted, and how soon it ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tests.conftest import PAGE_TIMEOUT
from tests.support.notebook import Notebook

from .report import Ceiling, Row, Series, Target
from .stage import Stage, take_turns

#: Seconds that a cell computes: so long that it looks at seals several times.
SECONDS = 3

FUNCTIONS = '''
import js, pyodide_js, time
from pyodide.code import run_js

switch = run_js("""module => on => {{
  module.HEAP8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = on;
}}""")(pyodide_js._module)

def loop(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

def clock(looking):
    switch(looking)
    try:
        began = time.perf_counter()
        loop(count)
        return time.perf_counter() - began
    finally:
        switch(True)

count = 200_000
count = int(count * {seconds} / clock(False))
'''

#: Press the button when the cell has said that it runs, and wait for its end; seconds.
INTERRUPT = """async words => {
  const shows = () => [...document.querySelectorAll('.jp-OutputArea-output')]
    .some(({ textContent }) => textContent.includes(words));
  while (!shows()) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  const began = performance.now();
  await window.jupyterapp.commands.execute('notebook:interrupt-kernel');
  await window.ran;
  return (performance.now() - began) / 1000;
}"""


def cells(stage: Stage) -> Iterator[Row]:
    """Row 21: a cell that computes with and without looks for signals, and two endless ones."""
    with stage.browser.new_context() as context:
        context.set_default_timeout(PAGE_TIMEOUT)
        page = context.new_page()
        page.goto(f"{stage.site}/lab/index.html")
        notebook = Notebook(page)
        notebook.run("import js\nassert js.jupyterlitePoolAsker")
        notebook.run(FUNCTIONS.format(seconds=SECONDS))

        def computing(looking: bool) -> float:
            return float(notebook.value(f"clock({looking})"))

        asking, alone = take_turns(
            stage.seldom,
            lambda: computing(True),
            lambda: computing(False),
        )

        numbers = itertools.count()

        def interrupted(endless: str) -> float:
            words = f"endless {next(numbers)};"
            notebook.start(f"print({words!r})\n{endless}")
            took = float(page.evaluate(INTERRUPT, words))
            assert "KeyboardInterrupt" in notebook.error()
            return took

        computes, waits = take_turns(
            2 * stage.seldom,
            lambda: interrupted("while True: pass"),
            lambda: interrupted("time.sleep(3600)"),
        )
    yield Row(
        21,
        Series(f"a cell that computes for {SECONDS} s and can be interrupted", "s", asking),
        Series("the same where Python looks for no signals", "s", alone),
        Target(1.02),
    )
    yield Row(
        21,
        Series("from Interrupt to the end of `while True: pass`", "s", computes),
        Series("to the end of `time.sleep(3600)`", "s", waits),
        Ceiling(1, "s"),
    )
