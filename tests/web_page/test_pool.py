"""The pool in a plain web page: the example, driven as it is served."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PAGE_TIMEOUT, Pages

PATH = "examples/workers/worker_pool.html"

#: Workers of a page's pool, unless a test says otherwise.
SIZE = 2

#: Counts the workers that a page makes, before any script of the page runs.
COUNT_WORKERS = """
window.made = [];
window.stopped = [];
window.Worker = class extends Worker {
  constructor(url, options) {
    super(url, options);
    window.made.push(options.name);
    this.label = options.name;
  }
  terminate() {
    window.stopped.push(this.label);
    super.terminate();
  }
};
"""

#: Notes all that the splash screen shows of each worker.
WATCH_SPLASH = """
window.seen = {};
new MutationObserver(records => {
  for (const { target } of records) {
    if (target.closest?.('#splash') && target.dataset.worker !== undefined) {
      (window.seen[target.dataset.worker] ??= []).push(target.dataset.phase);
    }
  }
}).observe(document, { subtree: true, attributeFilter: ['data-phase'] });
"""

#: What became of promises, as JSON carries it.
OUTCOMES = """
window.outcomes = async promises => (await Promise.allSettled(promises)).map(
  ({ status, value, reason }) => status === 'fulfilled'
    ? { value }
    : { error: reason.name, message: reason.message, type: reason.type,
        traceback: reason.traceback, reason: reason.reason }
);
"""


def open_example(pages: Pages, site: str, query: str = f"size={SIZE}") -> Page:
    """The example, with its pool ready."""
    page = pages.open()
    for script in (COUNT_WORKERS, WATCH_SPLASH, OUTCOMES):
        page.add_init_script(script)
    page.goto(f"{site}/{PATH}?{query}")
    page.evaluate("example.ready")
    return page


@pytest.fixture(scope="module")
def shared(module_pages: Pages, site: str) -> Page:
    """A page whose pool every test that uses it leaves alive and idle."""
    return open_example(module_pages, site)


@pytest.fixture(scope="module")
def own(module_pages: Pages, site: str) -> Page:
    """A page whose workers come and go; a test finds it with workers, and leaves it so."""
    return open_example(module_pages, site)


def run(page: Page, *sources: str) -> list[Any]:
    """The values of Python sources that run on the page's pool, all queued at once."""
    values: list[Any] = page.evaluate(
        "sources => Promise.all(sources.map(source => examplePool.run(source)))", list(sources)
    )
    return values


def outcomes(page: Page, *sources: str) -> list[dict[str, Any]]:
    """The same, where some of them may fail."""
    settled: list[dict[str, Any]] = page.evaluate(
        "sources => outcomes(sources.map(source => examplePool.run(source)))", list(sources)
    )
    return settled


def peak_overlap(spans: list[tuple[float, float]]) -> int:
    """How many spans of time lie over each other at most."""
    # At equal times, an end comes before a start.
    edges = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    running = peak = 0
    for _, step in edges:
        running += step
        peak = max(peak, running)
    return peak


# --- results -------------------------------------------------------------------------------------


def test_values_arrive_as_plain_javascript(shared: Page) -> None:
    values = run(shared, "6 * 7", "'text'", "None", "[1, [2.5, True]]", "{'a': {'b': (1, 2)}}")
    # Neither JSON nor JavaScript has a tuple, and `undefined` is Python's None.
    assert values == [42, "text", None, [1, [2.5, True]], {"a": {"b": [1, 2]}}]


def test_each_result_goes_to_the_promise_of_its_own_task(shared: Page) -> None:
    # The first takes longest, so that results do not come in the order of the tasks.
    sources = [f"sum(range({300_000 // (n + 1)})) * 0 + {n}" for n in range(20)]
    assert run(shared, *sources) == list(range(20))


def test_heavy_logic_gives_the_same_strip_on_every_worker(shared: Page) -> None:
    done: list[dict[str, Any]] = shared.evaluate(
        """async () => {
          const done = await Promise.all(
            Array.from({ length: 4 }, () => examplePool.run('heavy_logic(3)')));
          return done.map(({ worker, strip }) => ({ worker, strip: [...strip] }));
        }"""
    )
    assert len({result["worker"] for result in done}) == SIZE
    strips = [result["strip"] for result in done]
    assert all(strip == strips[0] for strip in strips)
    assert len(strips[0]) == 480 * 12
    # The strip crosses the set's border: some of it is inside, and the rest has many shades.
    assert 0 in strips[0]
    assert len(set(strips[0])) > 50


# --- queueing ------------------------------------------------------------------------------------


def test_all_of_more_tasks_than_workers_complete(shared: Page) -> None:
    seen = shared.evaluate(
        """async () => {
          const all = Array.from({ length: 50 }, (_, n) => examplePool.run(`${n} ** 2`));
          const queued = examplePool.queued;
          return { queued, values: await Promise.all(all), left: examplePool.queued };
        }"""
    )
    assert seen["queued"] == 50 - SIZE
    assert seen["values"] == [n**2 for n in range(50)]
    assert seen["left"] == 0


@pytest.mark.parametrize("size", [1, 3])
def test_as_many_tasks_run_at_once_as_there_are_workers(shared: Page, size: int) -> None:
    # Every task notes when it began and ended, on the clock that all workers share.
    seen = shared.evaluate(
        """async size => {
          let peak = 0;
          const busy = () => pool.workers.filter(worker => worker.state === 'busy').length;
          const pool = new example.PyodidePool(example.workerUrl, size, {
            listener: () => { peak = Math.max(peak, busy()); }
          });
          await pool.init({ pyodideUrl: example.pyodideUrl, code: `
import time
def task():
    began = time.time()
    while time.time() < began + 0.2:
        pass
    return [began, time.time()]
` });
          const spans = await Promise.all(
            Array.from({ length: 4 * size }, () => pool.run('task()')));
          pool.terminate();
          return { peak, spans };
        }""",
        size,
    )
    assert seen["peak"] == size
    assert peak_overlap(seen["spans"]) == size


def test_a_pool_makes_no_more_workers_than_its_size(own: Page) -> None:
    assert run(own, *["1"] * 100) == [1] * 100
    assert own.evaluate("made") == [f"pool worker {n}" for n in range(SIZE)]
    assert own.evaluate("stopped") == []


def test_the_splash_screen_shows_each_worker_and_goes_away(own: Page) -> None:
    expect(own.locator("#splash")).to_be_hidden(timeout=PAGE_TIMEOUT)
    expect(own.locator("#main")).not_to_have_attribute("inert", "")
    # The example loads no packages, so that phase is not among them.
    steps = ["loading", "code", "ready"]
    assert own.evaluate("seen") == {str(n): steps for n in range(SIZE)}
    expect(own.locator("#splash progress")).to_have_count(SIZE)


def test_workers_keep_their_python_from_task_to_task(shared: Page) -> None:
    source = "import js\nseen = globals().get('seen', 0) + 1\n[js.self.name, seen]"
    counts: dict[str, list[int]] = {}
    for name, seen in run(shared, *[source] * 20):
        counts.setdefault(name, []).append(seen)
    assert len(counts) == SIZE
    for seen_here in counts.values():
        assert seen_here == list(range(1, len(seen_here) + 1))


def test_the_size_is_one_worker_per_core_if_left_out(pages: Pages, site: str) -> None:
    page = pages.open()
    page.add_init_script(
        "Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 3 });"
        "Object.defineProperty(navigator, 'deviceMemory', { get: () => 8 });"
    )
    page.goto(f"{site}/{PATH}")
    assert page.evaluate("examplePool.size") == 3
    # They start when the browser has said for how many the site has room.
    page.wait_for_function("examplePool.workers.length === 3")


# --- memory --------------------------------------------------------------------------------------


def test_memory_stays_flat_over_1000_tasks(shared: Page) -> None:
    # Were results kept, they would take 200 MB; a result that is kept is one that `kept` finds.
    source = """
import weakref
class Result(list):
    pass
results = globals().get("results", [])
def make():
    result = Result([bytes(200_000), {"key": [1, 2]}])
    results.append(weakref.ref(result))
    return result
make()
"""
    seen = shared.evaluate(
        """async source => {
          const round = n => Promise.all(
            Array.from({ length: n }, () => examplePool.run(source).then(value => value.length)));
          await round(40);
          const before = [...await examplePool.memory()];
          const lengths = await round(1000);
          const after = [...await examplePool.memory()];
          return { before, after, lengths };
        }""",
        source,
    )
    assert seen["lengths"] == [2] * 1000
    assert len(seen["before"]) == SIZE
    assert seen["after"] == seen["before"]
    # Long enough for each worker to run at least one of them.
    count = """
import js, time
began = time.time()
while time.time() < began + 0.1:
    pass
[js.self.name, len(results), sum(result() is not None for result in results)]
"""
    by_worker = {name: (made, kept) for name, made, kept in run(shared, *[count] * 4)}
    assert len(by_worker) == SIZE
    assert sum(made for made, _ in by_worker.values()) == 1040
    assert [kept for _, kept in by_worker.values()] == [0] * SIZE


def test_memory_of_a_worker_grows_with_what_its_python_holds(own: Page) -> None:
    """The measure of the test above is one that moves."""
    before = dict(own.evaluate("async () => [...await examplePool.memory()]"))
    name = run(own, "import js\nheld = bytearray(100_000_000)\njs.self.name")[0]
    after = dict(own.evaluate("async () => [...await examplePool.memory()]"))
    grown = {worker for worker in before if after[worker] >= before[worker] + 50_000_000}
    assert grown == {int(name.rsplit(" ", 1)[1])}


# --- errors --------------------------------------------------------------------------------------


def test_an_error_rejects_its_own_promise_only(shared: Page) -> None:
    failing = "def fails(n):\n    raise ValueError(f'{n} is too much')\nfails(7)"
    first, failed, *rest = outcomes(shared, "1", failing, "2", "3")
    assert [first, *rest] == [{"value": 1}, {"value": 2}, {"value": 3}]
    assert failed["error"] == "RemoteError"
    assert failed["type"] == "ValueError"
    assert "7 is too much" in failed["message"]
    assert failed["traceback"].startswith("Traceback (most recent call last)")
    assert "in fails" in failed["traceback"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1 +", "SyntaxError"),
        ("nothing", "NameError"),
        ("object()", "ConversionError"),
        ("lambda: 1", "ConversionError"),
    ],
)
def test_what_cannot_run_or_cannot_travel_is_an_error(shared: Page, source: str, kind: str) -> None:
    failed, after = outcomes(shared, source, "'still here'")
    assert (failed["error"], failed["type"]) == ("RemoteError", kind)
    assert after == {"value": "still here"}


def test_a_worker_script_that_is_not_there_fails_the_start(shared: Page) -> None:
    seen = shared.evaluate(
        """async () => {
          const pool = new example.PyodidePool(new URL('nowhere/worker.js', location.href), 2);
          const [init] = await outcomes([pool.init({ pyodideUrl: example.pyodideUrl })]);
          const [task] = await outcomes([pool.run('1')]);
          return { init, task, workers: pool.workers };
        }"""
    )
    assert seen["init"]["error"] == "PoolStartError"
    assert "nowhere/worker.js could not be loaded" in seen["init"]["message"]
    assert seen["task"]["error"] == "PoolStartError"
    assert seen["workers"] == []


def test_code_that_raises_fails_the_start_and_says_why(shared: Page) -> None:
    failed = shared.evaluate(
        """() => outcomes([
          new example.PyodidePool(example.workerUrl, 1)
            .init({ pyodideUrl: example.pyodideUrl, code: '1 / 0' })
        ])"""
    )[0]
    assert failed["error"] == "PoolStartError"
    assert "ZeroDivisionError" in failed["message"]


def test_a_pyodide_that_is_not_there_fails_the_start(shared: Page) -> None:
    failed = shared.evaluate(
        """() => outcomes([
          new example.PyodidePool(example.workerUrl, 1)
            .init({ pyodideUrl: new URL('nowhere/pyodide.mjs', location.href).href })
        ])"""
    )[0]
    assert failed["error"] == "PoolStartError"
    assert "nowhere/pyodide.mjs" in failed["message"]


def test_the_url_of_pyodide_may_be_relative_to_the_page(shared: Page) -> None:
    value = shared.evaluate(
        """async () => {
          const pool = new example.PyodidePool(example.workerUrl, 1);
          await pool.init({ pyodideUrl: '../../static/pyodide/pyodide.mjs' });
          return pool.run('6 * 7').finally(() => pool.terminate());
        }"""
    )
    assert value == 42


# --- the end of workers --------------------------------------------------------------------------


def test_a_worker_that_closes_itself_is_replaced(own: Page) -> None:
    first, closed, *rest = outcomes(own, "1", "import js; js.self.close()", "2", "3", "4")
    assert [first, *rest] == [{"value": 1}, {"value": 2}, {"value": 3}, {"value": 4}]
    assert (closed["error"], closed["reason"]) == ("TerminatedWorkerError", "silent")
    own.wait_for_function(
        "examplePool.workers.length === 2 && examplePool.workers.every(w => w.state === 'idle')"
    )
    assert own.evaluate("made") == ["pool worker 0", "pool worker 1", "pool worker 2"]
    # Both of the workers that are left run tasks, and so does the code of the pool's `init`.
    names = {
        result["worker"]
        for result in own.evaluate(
            "() => Promise.all([0, 1, 2, 3].map(n => examplePool.run(`heavy_logic(${n})`)))"
        )
    }
    assert len(names) == SIZE
    assert "pool worker 2" in names


def test_terminate_settles_a_start_that_is_under_way(shared: Page) -> None:
    failed = shared.evaluate(
        """() => {
          const pool = new example.PyodidePool(example.workerUrl, 2);
          const start = pool.init({ pyodideUrl: example.pyodideUrl });
          const task = pool.run('1');
          pool.terminate();
          return outcomes([start, task]);
        }"""
    )
    assert [outcome["error"] for outcome in failed] == ["PoolStartError", "PoolError"]


def test_a_terminated_pool_starts_no_workers(shared: Page) -> None:
    seen = shared.evaluate(
        """async () => {
          const pool = new example.PyodidePool(example.workerUrl, 1);
          pool.terminate();
          const [start] = await outcomes([pool.init({ pyodideUrl: example.pyodideUrl })]);
          return { start, workers: pool.workers };
        }"""
    )
    assert seen["start"]["error"] == "PoolError"
    assert seen["workers"] == []


# --- the page ------------------------------------------------------------------------------------


def test_the_splash_screen_says_what_went_wrong_and_tries_again(pages: Pages, site: str) -> None:
    page = pages.open()
    page.route("**/worker.js", lambda route: route.fulfill(status=404))
    page.goto(f"{site}/{PATH}?size=1")
    failure = page.get_by_role("heading", name="Python did not start")
    expect(failure).to_be_visible(timeout=PAGE_TIMEOUT)
    expect(page.locator("#splash-note")).to_contain_text("worker.js")
    page.unroute("**/worker.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#splash")).to_be_hidden(timeout=PAGE_TIMEOUT)
    assert page.evaluate("examplePool.run('6 * 7')") == 42


def test_the_page_compares_the_pool_with_one_worker(pages: Pages, site: str) -> None:
    page = open_example(pages, site, f"size={SIZE}&tasks=6")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#status")).to_have_text("Done", timeout=PAGE_TIMEOUT)
    expect(page.locator("#arrived")).to_have_text("6")
    expect(page.locator("#queued")).to_have_text("0")
    expect(page.locator("#authors .painted")).to_have_count(6)
    expect(page.locator("#speedup")).to_contain_text("×")
    for row in ("pool", "one"):
        expect(page.locator(f"#measure-{row}")).to_contain_text(" s")
        expect(page.locator(f"#measure-{row}")).to_contain_text(" MB")
    finished = page.locator("#workers td:nth-child(3)").all_inner_texts()
    assert sum(map(int, finished)) == 6
    expect(page.locator("#all")).to_have_text("6")
    # Each lane has a block for each of its tasks.
    blocks = [lane.locator("rect").count() for lane in page.locator(".lane").all()]
    assert (sum(blocks[:-1]), blocks[-1]) == (6, 6)
    # One worker more, which is gone again.
    assert len(page.evaluate("made")) == SIZE + 1
    assert len(page.evaluate("stopped")) == 1
    assert_a_second_run_adds_up(page)
    painted = page.evaluate(
        """() => {
          const { width, height } = picture;
          const { data } = picture.getContext('2d').getImageData(0, 0, width, height);
          return data.every((value, i) => i % 4 !== 3 || value === 255);
        }"""
    )
    assert painted


def assert_a_second_run_adds_up(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#all")).to_have_text("12", timeout=PAGE_TIMEOUT)
    expect(page.locator("#status")).to_have_text("Done", timeout=PAGE_TIMEOUT)
    finished = page.locator("#workers td:nth-child(3)").all_inner_texts()
    assert sum(map(int, finished)) == 12


def test_the_page_stops_its_workers_and_starts_again(pages: Pages, site: str) -> None:
    page = open_example(pages, site)
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_function("examplePool.queued > 0")
    page.get_by_role("button", name="Stop the workers").click()
    expect(page.locator("#workers [data-state=stopped]")).to_have_count(SIZE)
    expect(page.locator("#verdict")).to_have_text("Stopped before it was measured.")
    expect(page.locator("#status")).to_have_text("The workers are stopped")
    expect(page.locator("#run")).to_be_disabled()
    assert page.evaluate("stopped.length") == SIZE
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("#splash")).to_be_hidden(timeout=PAGE_TIMEOUT)
    assert run(page, "6 * 7") == [42]
    expect(page.locator("#run")).to_be_enabled()


def test_terminate_settles_everything(own: Page) -> None:
    seen = own.evaluate(
        """async () => {
          const tasks = Array.from({ length: 6 }, () => examplePool.run('while True: pass'));
          const busy = examplePool.workers.filter(worker => worker.state === 'busy').length;
          examplePool.terminate();
          const late = examplePool.run('1');
          return {
            busy,
            settled: await outcomes([...tasks, late, examplePool.memory().then(m => m.size)]),
            workers: examplePool.workers,
            queued: examplePool.queued
          };
        }"""
    )
    assert seen["busy"] == SIZE
    *settled, memory = seen["settled"]
    assert len(settled) == 7
    for outcome in settled:
        assert outcome["error"] == "PoolError"
        assert "terminated" in outcome["message"]
    assert memory == {"value": 0}
    assert (seen["workers"], seen["queued"]) == ([], 0)
    assert sorted(own.evaluate("stopped")) == sorted(own.evaluate("made"))
