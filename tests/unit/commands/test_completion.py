"""What the Tab key offers in the lines of the magics."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterator

import pytest
from IPython.core.completer import provisionalcompleter

from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.commands.completion import completions
from tests.support.settled import callbacks_have_run

from .conftest import Notebook
from .gate import GATE, WAIT

Press = Callable[[str], list[str]]


@pytest.fixture(params=[True, False], ids=["with jedi", "without jedi"])
def tab(notebook: Notebook, request: pytest.FixtureRequest) -> Iterator[Press]:
    """Presses Tab at the end of a text; returns what is offered, as front ends ask for it."""
    completer = notebook.shell.Completer
    before, completer.use_jedi = completer.use_jedi, request.param

    def press(text: str) -> list[str]:
        with provisionalcompleter():
            return [each.text for each in completer.completions(text, len(text))]

    yield press
    completer.use_jedi = before


def test_subcommands_and_options_are_completed(notebook: Notebook, tab: Press) -> None:
    assert tab("%pool sc") == ["scale"]
    assert sorted(tab("%pool s")) == ["scale", "shutdown", "status"]
    assert tab("%pool_map --ret") == ["--retries", "--return-exceptions"]
    assert tab("%%pool_map --pu") == ["--pull", "--push"]
    assert tab("r = %pool_map --see") == ["--seed"]
    assert tab("x = 1\n%pool_map -w 2 --group-outputs i") == ["item"]
    assert tab("%%pool_submit --lab") == ["--label"]
    assert tab("%%pool_run --o") == ["--out"]


def test_numbers_of_jobs_are_completed(notebook: Notebook, tab: Press) -> None:
    notebook.run("r = %pool_map abs [1]")
    GATE.clear()
    notebook.run(f"%%pool_map -a -o s x in [1]{WAIT}")
    done, runs = (str(notebook[name]._job.number) for name in "rs")
    # IPython sorts them as texts: 100 comes before 99.
    assert tab("%pool job ") == sorted([done, runs])
    assert tab("%pool cancel ") == [runs]
    GATE.set()


def test_the_rest_of_a_line_is_completed_as_ever(notebook: Notebook, tab: Press) -> None:
    notebook["photographs"] = [1]
    assert "photographs" in tab("%pool_map abs photog")
    assert "photographs" in tab("%%pool_map x in photog")
    assert "photographs" in tab("photog")
    assert "range" in tab("%pool_map abs ran")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%pool ", ("", "status jobs job insights cancel scale restart shutdown")),
        ("%pool scale ", ("", "")),
        ("%pool status x", ("x", "")),
        ("%pool_map -o ", ("", "")),
        ("%pool_map --group-outputs ", ("", "order item worker")),
        ("%pool_map --group-outputs=w", ("--group-outputs=w", "--group-outputs=worker")),
        ("%pool_map --nothing=w", ("--nothing=w", "")),
        ("    y = %pool_map -c ", ("", "auto")),
    ],
)
def test_what_may_stand_at_the_end(line: str, found: tuple[str, str]) -> None:
    word, texts = found
    assert completions(line) == (word, texts.split())


@pytest.mark.parametrize("line", ["", "%pool", "%poolmap ", "pool ", "5 %pool_size ", "a.pool "])
def test_other_lines_are_left_alone(line: str) -> None:
    assert completions(line) is None


def test_jobs_whose_result_is_gone_are_not_offered(notebook: Notebook) -> None:
    import gc

    ended = pool_map(abs, [1], progress=False)._job.ended
    concurrent.futures.wait([ended], 10)
    callbacks_have_run()
    gc.collect()
    assert completions("%pool job ") == ("", [])
