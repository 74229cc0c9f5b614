"""Calls of functions from a plain web page: one by one, and many at once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import Pages

from .test_pool import OUTCOMES, PATH

#: The functions that the workers have.
CODE = '''
import asyncio
import os
from decimal import Decimal, getcontext

import js
from pyodide.ffi import run_sync

seen = []
held = None

def nothing():
    pass

def echo(*args):
    return args

def kinds(*args):
    return [type(arg).__name__ for arg in args]

def length(view):
    return len(view)

def hold(view):
    global held
    held = view

def total(values):
    return sum(values)

def note(n):
    seen.append(n)
    return seen

def third(digits):
    getcontext().prec = digits
    return str(Decimal(1) / 3)

def fail(n):
    raise ValueError(f"{n} is too much")

async def later(n):
    await asyncio.sleep(0)
    return [n]

async def fail_later(n):
    await asyncio.sleep(0)
    fail(n)

def pause(n):
    return run_sync(later(n))

def odd(n, what=None):
    """Brief, unless it is 7 that does something else."""
    if n != 7:
        return n
    if what == "exit":
        os._exit(3)
    if what == "close":
        js.self.close()
    while what == "hang":
        pass
    return {"fail": fail, "await": later, "function": lambda n: fail, "js": leak}[what](n)

def leak(n):
    return js.self
'''

#: Starts pools on the page of the example. In the end, each function is known to be brief.
MAKE = """
window.startPool = async (size, code) => {
  window.events = [];
  const pool = new example.PyodidePool(example.workerUrl, size, { listener: e => events.push(e) });
  await pool.init({ pyodideUrl: example.pyodideUrl, code });
  return pool;
};
window.learn = async pool => {
  for (const n of [0, 1, 2, 3]) {
    await pool.call('odd', [n]);
    await pool.call('note', [n]);
  }
};
window.many = (pool, what, count = 40) =>
  outcomes(Array.from({ length: count }, (_, n) => pool.call('odd', [n, what])));
"""


def open_pool(pages: Pages, site: str, size: int) -> Page:
    page = pages.open()
    for script in (OUTCOMES, MAKE):
        page.add_init_script(script)
    page.goto(f"{site}/{PATH}?size=1")
    page.evaluate("example.ready")
    start = "async ([size, code]) => { window.pool = await startPool(size, code); }"
    page.evaluate(start, [size, CODE])
    return page


@pytest.fixture(scope="module")
def shared(module_pages: Pages, site: str) -> Page:
    """A page with a pool of two workers, which every test leaves alive and idle."""
    return open_pool(module_pages, site, 2)


@pytest.fixture(scope="module")
def single(module_pages: Pages, site: str) -> Page:
    """A page with one worker, which comes and goes."""
    return open_pool(module_pages, site, 1)


def call(page: Page, name: str, *args: object) -> Any:
    return page.evaluate("([name, args]) => pool.call(name, args)", [name, list(args)])


def outcome(page: Page, expression: str) -> dict[str, Any]:
    settled: dict[str, Any] = page.evaluate(f"outcomes([{expression}]).then(all => all[0])")
    return settled


# --- values --------------------------------------------------------------------------------------


def test_arguments_and_values_are_plain_on_both_sides(shared: Page) -> None:
    args = [1, 2.5, "text", True, [1, [2]], {"a": {"b": [3]}}]
    assert call(shared, "echo", *args) == args
    kinds = ["int", "float", "str", "bool", "list", "dict"]
    assert call(shared, "kinds", *args) == kinds
    assert shared.evaluate("pool.call('kinds', [new Uint8Array(3), new Map([[1, 2]])])") == [
        "memoryview",
        "dict",
    ]
    assert call(shared, "nothing") is None


def test_a_name_may_be_one_of_python_or_have_dots(shared: Page) -> None:
    assert call(shared, "len", [1, 2]) == 2
    assert call(shared, "os.path.basename", "a/b") == "b"


@pytest.mark.parametrize("name", ["missing", "os.missing", "echo.missing"])
def test_a_name_that_is_not_there_is_an_error_that_says_what_to_do(shared: Page, name: str) -> None:
    failed = outcome(shared, f"pool.call('{name}')")
    assert (failed["error"], failed["type"]) == ("RemoteError", "NameError")
    assert f"has no {name}: pool.call() finds what the code of init() defines" in failed["message"]


def test_an_error_has_pythons_traceback_without_the_pool(shared: Page) -> None:
    for function in ("fail", "fail_later"):
        failed = outcome(shared, f"pool.call('{function}', [7])")
        assert (failed["type"], failed["message"]) == ("ValueError", "7 is too much")
        assert failed["traceback"].startswith("Traceback (most recent call last)")
        assert f"in {function}" in failed["traceback"]
        assert "<pool>" not in failed["traceback"]


def test_a_function_that_awaits_is_awaited(shared: Page) -> None:
    assert call(shared, "later", 5) == [5]


def test_a_function_may_pause_python_if_the_page_says_so(shared: Page) -> None:
    assert shared.evaluate("pool.call('pause', [5], { pauses: true })") == [5]
    failed = outcome(shared, "pool.call('pause', [5])")
    assert failed["type"] == "RuntimeError"
    assert "needs the option { pauses: true }" in failed["traceback"]


def test_what_is_handed_over_is_not_copied_and_is_gone(shared: Page) -> None:
    seen = shared.evaluate(
        """async () => {
          const view = new Uint8Array(1000);
          const length = pool.call('length', [view], { transfer: [view.buffer] });
          return [view.length, await length];
        }"""
    )
    assert seen == [0, 1000]


def test_python_may_keep_an_argument(single: Page) -> None:
    single.evaluate("pool.call('hold', [new Uint8Array([5, 6, 7])])")
    assert single.evaluate("pool.run('list(held)')") == [5, 6, 7]


def test_what_the_page_does_with_an_argument_later_does_not_change_it(shared: Page) -> None:
    values = shared.evaluate(
        """() => {
          const list = [1];
          return Promise.all(Array.from({ length: 20 }, () => {
            const total = pool.call('total', [list]);
            list.push(1);
            return total;
          }));
        }"""
    )
    assert values == list(range(1, 21))


def test_an_argument_that_cannot_be_sent_fails_its_own_call(shared: Page) -> None:
    failed = outcome(shared, "pool.call('echo', [() => 1])")
    assert failed["error"] == "PoolError"
    assert "the arguments of echo cannot be sent to a worker" in failed["message"]
    assert call(shared, "echo", 1) == [1]


# --- many at once --------------------------------------------------------------------------------


def test_each_of_many_calls_has_its_own_value_and_travels_with_others(shared: Page) -> None:
    shared.evaluate("learn(pool)")
    seen = shared.evaluate(
        """async () => {
          let messages = 0;
          const { postMessage } = MessagePort.prototype;
          MessagePort.prototype.postMessage = function (...args) {
            messages += 1;
            postMessage.apply(this, args);
          };
          try {
            const all = await Promise.all(
              Array.from({ length: 1000 }, (_, n) => pool.call('odd', [n, 'await'])));
            return { messages, all };
          } finally {
            MessagePort.prototype.postMessage = postMessage;
          }
        }"""
    )
    assert seen["all"] == [n if n != 7 else [7] for n in range(1000)]
    assert seen["messages"] < 200


def test_values_are_those_at_the_end_of_each_call_and_calls_keep_their_order(single: Page) -> None:
    single.evaluate("learn(pool)")
    values = single.evaluate(
        """async () => {
          const [before] = await Promise.all([pool.call('len', [[]]), pool.run('seen.clear()')]);
          return Promise.all(Array.from({ length: 50 }, (_, n) => pool.call('note', [n])));
        }"""
    )
    assert values == [list(range(n + 1)) for n in range(50)]


def test_a_call_does_not_see_the_context_of_another(single: Page) -> None:
    for _ in range(3):
        assert call(single, "third", 5) == "0.33333"
    thirds = single.evaluate(
        """async () => {
          const all = [pool.call('third', [4]), pool.run('str(Decimal(1) / 3)')];
          return Promise.all([...all, pool.call('third', [4]), pool.run('str(Decimal(1) / 3)')]);
        }"""
    )
    assert thirds == ["0.3333", f"0.{'3' * 28}"] * 2


@pytest.mark.parametrize(
    ("what", "kind"), [("fail", "ValueError"), ("function", "ConversionError"), ("js", "Error")]
)
def test_one_of_many_that_fails_fails_alone(single: Page, what: str, kind: str) -> None:
    single.evaluate("learn(pool)")
    settled = single.evaluate("what => many(pool, what)", what)
    failed = settled.pop(7)
    assert (failed["error"], failed["type"]) == ("RemoteError", kind)
    assert settled == [{"value": n} for n in range(40) if n != 7]


@pytest.mark.parametrize(("what", "reason"), [("exit", "exited"), ("close", "silent")])
def test_one_of_many_that_ends_its_worker_is_lost_alone(
    single: Page, what: str, reason: str
) -> None:
    single.evaluate("learn(pool)")
    settled = single.evaluate("what => many(pool, what)", what)
    lost = settled.pop(7)
    assert (lost["error"], lost["reason"]) == ("TerminatedWorkerError", reason)
    assert "may have begun" not in lost["message"]
    assert settled == [{"value": n} for n in range(40) if n != 7]
    (ended,) = single.evaluate("events.splice(0).filter(event => event.type === 'ended')")
    assert ended["behind"] == []
    assert len(ended["untaken"]) > 0


def test_one_of_many_that_hangs_keeps_none_from_running(shared: Page) -> None:
    shared.evaluate("learn(pool)")
    seen = shared.evaluate(
        """async () => {
          events.length = 0;
          const calls = Array.from({ length: 40 }, (_, n) => pool.call('odd', [n, 'hang']));
          const others = await Promise.all(calls.filter((_, n) => n !== 7));
          const [busy] = pool.workers.filter(worker => worker.state === 'busy');
          pool.kill(busy.id);
          const [lost] = await outcomes([calls[7]]);
          const ended = events.filter(event => event.type === 'ended');
          return { others, lost, ended, queued: pool.queued };
        }"""
    )
    assert seen["others"] == [n for n in range(40) if n != 7]
    assert (seen["lost"]["error"], seen["lost"]["reason"]) == (
        "TerminatedWorkerError",
        "terminated",
    )
    (ended,) = seen["ended"]
    assert (ended["behind"], ended["untaken"]) == ([], [])
    assert seen["queued"] == 0
    shared.wait_for_function("pool.workers.every(worker => worker.state === 'idle')")


def test_terminate_settles_calls_that_travel_together(pages: Pages, site: str) -> None:
    page = open_pool(pages, site, 1)
    page.evaluate("learn(pool)")
    settled = page.evaluate(
        """() => {
          const all = many(pool, 'hang');
          pool.terminate();
          return all;
        }"""
    )
    assert {each["error"] for each in settled} == {"PoolError"}


# --- what is kept --------------------------------------------------------------------------------


def test_a_function_that_is_defined_again_is_the_one_that_is_called(single: Page) -> None:
    for n in range(3):
        single.evaluate(f"pool.run('def made(): return {n}')")
        assert call(single, "made") == n


def test_source_that_is_run_again_sees_what_has_changed(single: Page) -> None:
    for n in range(3):
        single.evaluate(f"pool.run('number = {n}')")
        assert single.evaluate("pool.run('number')") == n


def test_source_is_compiled_again_where_python_would_take_it_in_another_way(single: Page) -> None:
    source = 'pool.run(\'"a" is "b"\')'
    assert outcome(single, source) == {"value": False}
    single.evaluate("pool.run('import warnings; warnings.simplefilter(\"error\")')")
    assert outcome(single, source)["type"] == "SyntaxError"
    single.evaluate("pool.run('warnings.resetwarnings()')")
    assert outcome(single, source) == {"value": False}
    digits = f"pool.run('{'9' * 1000}; 5')"
    assert outcome(single, digits) == {"value": 5}
    single.evaluate("pool.run('import sys; sys.set_int_max_str_digits(640)')")
    assert outcome(single, digits)["type"] == "SyntaxError"
    single.evaluate("pool.run('sys.set_int_max_str_digits(4300)')")


def test_source_may_await_or_pause_each_time_that_it_runs(single: Page) -> None:
    for _ in range(3):
        assert single.evaluate("pool.run('await later(5)')") == [5]
        assert single.evaluate("pool.run('pause(6)')") == [6]
        assert single.evaluate("pool.run('later(7)')") == [7]


def test_source_that_is_compiled_is_not_kept_for_ever(single: Page) -> None:
    # Each is as long as one that is kept may be.
    memory = single.evaluate(
        """async () => {
          const more = (from, to) => Promise.all(Array.from({ length: to - from }, (_, n) =>
            pool.run(`'${'x'.repeat(4000)}'; ${from + n}`)));
          const memory = async () => [...(await pool.memory()).values()];
          await more(0, 500);
          const before = await memory();
          await more(500, 3000);
          return [before, await memory()];
        }"""
    )
    assert memory[0] == memory[1]
