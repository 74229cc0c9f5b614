"""Cells in the background and on every worker, in a real kernel and in JupyterLab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Pages
from tests.support.kernel import UNTIL, Kernel
from tests.support.meeting import HEAR, MEET
from tests.support.notebook import Notebook
from tests.support.panel import say


@pytest.fixture(scope="module", autouse=True)
def _imports(kernel: Kernel) -> None:
    kernel.run("import jupyterlite_pool\nxs = [1, 2, 3]")
    kernel.run(UNTIL + HEAR)


def test_a_cell_in_the_background_shows_its_output_in_its_own_cell(kernel: Kernel) -> None:
    reply = kernel.run(
        "%%pool_submit -o job --pull table\n"
        "await hear('go on')\n"
        "table = len(xs)\n"
        "print('it has run')\n"
        "table * 10"
    )
    assert reply.result is None
    assert reply.cards()[0]["data"]["text/plain"].startswith("job: ")
    kernel.run("await until(lambda: 'runs now' in job.stdout)\nrunning = not job.done()")
    assert kernel.value("running") is True
    assert "runs now\n" in kernel.look_again(reply).stdout
    say(kernel.page, "go on")
    assert kernel.run("await job").result == "30"
    assert kernel.value("table") == 3
    shown = kernel.look_again(reply)
    assert shown.stdout == "runs now\nit has run\n"
    assert shown.cards()[-1]["data"]["text/plain"].startswith("job: done · 0:0")


def test_its_value_appears_under_it_if_it_has_no_name(kernel: Kernel) -> None:
    reply = kernel.run("%%pool_submit\nimport asyncio\nawait asyncio.sleep(0.1)\n6 * 7")
    kernel.run("await until(lambda: jupyterlite_pool.api.history.history.entries()[-1].ended)")
    shown = [output["data"]["text/plain"] for output in kernel.look_again(reply).displays()]
    assert "42" in shown


def test_its_error_appears_under_it_with_its_lines(kernel: Kernel) -> None:
    reply = kernel.run("%%pool_submit -o job\n\n1 / 0")
    kernel.run("await until(lambda: job.done())")
    said = kernel.look_again(reply).stderr
    assert "line 3, in <module>\n    1 / 0" in said
    assert "Cell In[" in said
    assert "ZeroDivisionError: division by zero" in said


def test_a_second_run_stops_the_first(kernel: Kernel) -> None:
    kernel.run("%%pool_submit -o job\nwhile True: pass")
    kernel.run("first = job\nawait until(lambda: first.running())")
    reply = kernel.run("%%pool_submit -o job\n5")
    assert "an earlier run that had not ended, was cancelled" in reply.stdout
    assert kernel.value("first.cancelled()") is True
    assert kernel.run("await job").result == "5"


def test_a_cell_runs_on_every_worker(kernel: Kernel) -> None:
    reply = kernel.run("%%pool_run\nimport os\nbase = 7\nos.getpid()")
    assert "The cell ran on 2 workers; each worker that starts later runs it, too." in reply.stdout
    assert len(set((reply.result or "").strip("[]").split(", "))) == 2
    assert kernel.run("%%pool_map x in xs\nbase + x").result == "[8, 9, 10]"
    kernel.run("del_me = jupyterlite_pool.get_reusable_executor().max_workers\n%pool scale 3")
    kernel.run("_ = jupyterlite_pool.get_reusable_executor().run_everywhere(abs, 0)" + MEET)
    cell = "%%pool_map -o seen -c 1 x in range(3)\nmeet('three', x, 3)\nbase, os.getpid()"
    kernel.run(cell)
    assert kernel.value("[{base for base, _ in seen} == {7}, len(set(seen))]") == [True, 3]
    kernel.run("%pool scale 2")


def test_a_syntax_error_in_a_body_is_shown_as_any_other(kernel: Kernel) -> None:
    error = kernel.fails("%%pool_map x in xs\ny = x\nreturn y")
    shown = "\n".join(error["traceback"])
    assert "line 3" in shown
    assert "'return' outside function" in shown
    assert "Traceback" not in shown
    error = kernel.fails("%%pool_map x in missing\nx")
    shown = "\n".join(error["traceback"])
    assert "%%pool_map x in missing" in shown
    assert "run_cell_magic" not in shown


def test_an_error_of_memory_says_what_there_was(kernel: Kernel) -> None:
    error = kernel.fails("%%pool_map n in [1]\nraise MemoryError")
    said = "\n".join([error["evalue"], *error["traceback"]])
    assert re.search(r"could get no more memory when it had \d\d+ MB: a browser", said)


def test_the_tab_key_completes_lines_of_magics(kernel: Kernel) -> None:
    ask = "[each.text for each in get_ipython().Completer.completions(text, len(text))]"
    kernel.run("from IPython.core.completer import provisionalcompleter")
    kernel.run("def tab(text):\n    with provisionalcompleter():\n        return " + ask)
    assert kernel.value("tab('%pool res')") == ["restart"]
    assert kernel.value("tab('%%pool_submit --lab')") == ["--label"]


def test_a_person_stops_a_cell_in_the_background_and_runs_others(
    module_pages: Pages, site: str
) -> None:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run("import jupyterlite_pool\njupyterlite_pool.pool_map(abs, [1], progress=False)")
    notebook.run("%%pool_submit -o job\nwhile True: pass")
    card = notebook.cards.last
    expect(card).to_contain_text("▶ running")
    expect(card).to_contain_text(re.compile(r"0:(0[1-9]|[1-5]\d) elapsed"))
    notebook.run("assert not job.done()")
    notebook.page.get_by_role("button", name="Stop").click()
    expect(notebook.cards.last).to_contain_text("■ cancelled")
    notebook.run("assert job.cancelled()")
