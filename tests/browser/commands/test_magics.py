"""The magics in a real kernel."""

from __future__ import annotations

import re

import pytest

from tests.support.kernel import Kernel


@pytest.fixture(scope="module", autouse=True)
def _imports(kernel: Kernel) -> None:
    kernel.run("import jupyterlite_pool\nxs = [1, 2, 3]\ndef double(x): return 2 * x")


def test_they_are_there_after_import_and_after_load_ext(kernel: Kernel) -> None:
    assert kernel.run("%pool_map double xs").result == "[2, 4, 6]"
    kernel.run("%load_ext jupyterlite_pool")
    assert kernel.run("%pool_map double xs").result == "[2, 4, 6]"


def test_pool_map_takes_expressions_side_by_side(kernel: Kernel) -> None:
    assert kernel.run("%pool_map (lambda x, y: x + y) xs [10, 20, 30]").result == "[11, 22, 33]"
    assert kernel.run("r = %pool_map double range(3)\nlist(r)").result == "[0, 2, 4]"


def test_a_parallel_cell_runs_once_per_item(kernel: Kernel) -> None:
    reply = kernel.run(
        """%%pool_map x in xs
offset = len(xs)
y = double(x) + offset
y * 10"""
    )
    assert reply.result == "[50, 70, 90]"


def test_a_parallel_cell_keeps_its_result_under_a_name(kernel: Kernel) -> None:
    reply = kernel.run("%%pool_map -o squares x in range(4)\nx * x")
    assert reply.result is None
    assert kernel.value("[type(squares).__name__, list(squares)]") == ["MapResult", [0, 1, 4, 9]]


def test_a_parallel_cell_takes_pairs_and_awaits(kernel: Kernel) -> None:
    reply = kernel.run(
        """%%pool_map name, n in [("a", 1), ("b", 2)]
import asyncio
await asyncio.sleep(0.01)
name * n"""
    )
    assert reply.result == "['a', 'bb']"


def test_a_parallel_cell_leaves_the_notebook_as_it_was(kernel: Kernel) -> None:
    kernel.run("total = 100")
    assert kernel.run("%%pool_map x in xs\ntotal = total + x\ntotal").result == "[101, 102, 103]"
    assert kernel.value("total") == 100


def test_an_error_in_a_parallel_cell_shows_its_line(kernel: Kernel) -> None:
    error = kernel.fails("%%pool_map x in xs\na = x\nb = 1 / (a - 2)")
    shown = "\n".join(error["traceback"])
    assert "ZeroDivisionError" in error["ename"]
    assert "line 3" in shown
    assert "b = 1 / (a - 2)" in shown
    assert "item 1 of 3 (args: 2)" in shown


def test_a_cell_prints_where_it_stands(kernel: Kernel) -> None:
    reply = kernel.run("%%pool_map x in xs\nprint('item', x)")
    assert sorted(reply.stdout.split("\n")) == ["", "item 1", "item 2", "item 3"]


def test_options_are_those_of_pool_map(kernel: Kernel) -> None:
    kernel.run(
        "%%pool_map -w 1 --chunksize=1 -o ids x in range(6)\nfrom jupyterlite_pool import "
        "current_worker\ncurrent_worker().id"
    )
    assert kernel.value("len(set(ids))") == 1


def test_status_tells_of_each_worker(kernel: Kernel) -> None:
    kernel.run("_ = jupyterlite_pool.get_reusable_executor().run_everywhere(abs, 0)")
    shown = kernel.run("%pool status").result or ""
    assert shown.startswith("2 of 2 workers ready")
    assert re.search(r"worker \d+ \(pid \d{4,}\): idle, \d+ tasks? run, \d+ MB", shown)


def test_help_explains(kernel: Kernel) -> None:
    assert "%%pool_map [options] NAME in ITERABLE" in kernel.run("%pool_map -h").stdout


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%pool_map double", "expected a function and what to map it over"),
        ("%pool_map lambda x: x xs", "put each one that has spaces in it in parentheses"),
        ("%pool_map --fast double xs", "no option --fast"),
        ("%pool_map -c many double xs", "-c expects a whole number, not 'many'"),
        ("%%pool_map xs\nx", "expected `%%pool_map NAME in ITERABLE`, not 'xs'"),
        ("%pool dance", "%pool does not know 'dance'"),
    ],
)
def test_a_mistake_says_what_was_expected(kernel: Kernel, cell: str, words: str) -> None:
    reply = kernel.execute(cell)
    shown = reply.stderr + "\n".join(reply.error["traceback"] if reply.error else [])
    assert words in shown


def test_shutdown_stops_the_workers_and_the_next_use_starts_new_ones(kernel: Kernel) -> None:
    kernel.run("before = jupyterlite_pool.get_reusable_executor()\n%pool shutdown")
    assert kernel.value("before.closed") is True
    assert kernel.run("%pool_map double xs").result == "[2, 4, 6]"


def test_a_job_is_cancelled_by_its_number(kernel: Kernel) -> None:
    kernel.run(
        "def spin(n):\n"
        "    while True: pass\n"
        "jobs = [jupyterlite_pool.pool_map(spin, [0], block=False, progress=False)\n"
        "        for _ in range(2)]\n"
        "first, second = (result._job.number for result in jobs)"
    )
    shown = kernel.run("%pool status").result or ""
    assert "<MapResult of spin: 0/1 done>" in shown
    first = kernel.value("first")
    assert f"job {first}: " in shown
    kernel.run(f"%pool cancel {first}")
    kernel.run("import asyncio\nwhile not jobs[0].done(): await asyncio.sleep(0.01)")
    assert kernel.value("[result.done() for result in jobs]") == [True, False]
    said = kernel.execute("%pool cancel 12345").stderr
    assert "there is no job '12345'. Jobs that run: " in said
    kernel.run("%pool cancel")
    kernel.run("while not jobs[1].done(): await asyncio.sleep(0.01)")
    assert kernel.run("%pool_map double xs").result == "[2, 4, 6]"


def test_the_pool_is_scaled(kernel: Kernel) -> None:
    size = kernel.value("jupyterlite_pool.get_reusable_executor().max_workers")
    kernel.run("%pool scale 1")
    assert kernel.value("jupyterlite_pool.get_reusable_executor().max_workers") == 1
    kernel.run(f"%pool scale {size}")
    assert "%pool does not know 'scale many'" in kernel.execute("%pool scale many").stderr
    assert kernel.fails("%pool scale 0")["ename"].endswith("ValueError'>")


def test_the_last_jobs_are_listed_and_their_results_can_be_had(kernel: Kernel) -> None:
    kernel.run("%pool_map -o kept --label mine double xs")
    number = kernel.value("kept._job.number")
    listed = kernel.run("%pool jobs").result or ""
    assert "job  name" in listed
    [row] = [line for line in listed.splitlines() if f"%pool job {number}" in line]
    assert row.split()[:3] == [str(number), "mine", "done"]
    assert "3/3" in row
    assert kernel.run(f"%pool job {number}").result == "[2, 4, 6]"
    assert "there is no job 12345" in kernel.execute("%pool job 12345").stderr


def test_failures_are_shown_as_a_table(kernel: Kernel) -> None:
    kernel.run("%pool_map -o odd --return-exceptions (lambda x: 1 / x) [1, 0, 2]")
    reply = kernel.execute("odd.failed")
    assert "ZeroDivisionError: division by zero" in (reply.result or "")
    shown = kernel.run("odd").result or ""
    assert "# 1 of 3 items failed: see `.failed`" in shown
