"""What a strict policy allows, and what others on the origin can do."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page
from serve import Handler, Server

from tests.conftest import ROOT, Pages
from tests.support.kernel import UNTIL, Kernel
from tests.support.own_pool import RUN
from tests.support.stock import page_of
from tests.support.stored import kept_by_the_pool

#: As strict as a page of our own can be, but for the right to compile WebAssembly.
STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"

#: As strict as JupyterLab lets it be, which makes its forms by `eval`: no other origin, no `blob:`.
LAB = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:"
)


@contextmanager
def served_under(policy: str) -> Iterator[str]:
    """The site, with a policy on all that is served."""

    class Under(Handler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

    folder = str(ROOT / "_output")
    handler = functools.partial(Under, directory=folder, isolated=False, shared=False, start="")
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def complaints(page: Page) -> list[str]:
    """What the browser says of the policy from now on."""
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if "Content Security" in m.text else None)
    return said


def test_a_page_under_a_strict_policy_has_a_pool(pages: Pages) -> None:
    with served_under(STRICT) as site:
        page = pages.open(f"{site}/jupyter-lite.json")
        said = complaints(page)
        assert page.evaluate(RUN, site) == [42, True]
        assert said == []


def test_a_kernel_needs_no_right_that_jupyterlab_does_not_need(pages: Pages) -> None:
    with served_under(LAB) as site:
        page = pages.open()
        said = complaints(page)
        page.goto(f"{site}/lab/index.html")
        kernel = Kernel(page)
        kernel.run("from jupyterlite_pool import pool_map\ngot = list(pool_map(abs, [-1, -2]))")
        assert kernel.value("got") == [1, 2]
        assert said == []


def test_nothing_is_kept_in_the_browser(kernel: Kernel) -> None:
    kernel.run(
        "from jupyterlite_pool import WorkerPoolExecutor\n"
        "executor = WorkerPoolExecutor(2)\nassert await executor.submit(abs, -1) == 1\n"
        "executor.shutdown()"
    )
    assert kept_by_the_pool(page_of(kernel)) == []


def test_what_others_post_on_the_origin_reaches_no_task(
    kernel: Kernel, serve: Callable[..., str]
) -> None:
    # Names of locks are all that another script of the origin can find of a pool.
    kernel.run(
        "from jupyterlite_pool import WorkerPoolExecutor\n"
        "executor = WorkerPoolExecutor(1)\nassert await executor.submit(abs, -1) == 1"
    )
    found = kernel.page.evaluate(
        "async () => (await navigator.locks.query()).held.map(({ name }) => name)"
    )
    certificates = [name for name in found if name.startswith("jupyterlite-pool:")]
    random_names = [name for name in certificates if "slot" not in name]
    assert random_names
    assert all(len(name.rpartition(":")[2]) == 32 for name in random_names)
    kernel.page.evaluate(
        """names => names.forEach(name => new BroadcastChannel(name).postMessage(
            { kind: 'result', batch: 0, payload: new Uint8Array(), buffers: [],
              done: true, memory: 0 }))""",
        certificates,
    )
    assert kernel.value("[await executor.submit(abs, -i) for i in range(3)]") == [0, 1, 2]


#: Another script of the origin takes all certificates of life away, and keeps them or lets them go.
STEAL = """async keep => {
  window.letGo = () => undefined;
  const kept = new Promise(resolve => { window.letGo = resolve; });
  const { held } = await navigator.locks.query();
  const names = held.map(({ name }) => name)
    .filter(name => /^jupyterlite-pool:(broker:)?[0-9a-f]{32}$/.test(name));
  await Promise.all(names.map(name => new Promise(taken => {
    navigator.locks.request(name, { steal: true }, () => {
      taken();
      return keep ? kept : undefined;
    });
  })));
  return names.length;
}"""


@pytest.mark.parametrize("keep", [False, True], ids=["and lets them go", "and keeps them"])
def test_who_takes_the_certificates_away_costs_no_more_than_what_runs(
    kernel: Kernel, keep: bool
) -> None:
    kernel.run(
        UNTIL
        + """
from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.errors import TerminatedWorkerError
from jupyterlite_pool.jobs.options import MapOptions
def square(x):
    import time
    until = time.monotonic() + (0.2 if x < 40 else 0.005)
    while time.monotonic() < until:
        pass
    return x * x
executor = WorkerPoolExecutor(2)
await until(lambda: len(executor.ready_workers) == 2 and executor.status().spares)
robbed = executor.ready_workers.copy()
options = MapOptions(chunksize=1, return_exceptions=True)
job = executor._pool.start_job(square, [range(100)], options)
await until(lambda: len(job.outcomes.values) > 5)
"""
    )
    taken_away = kernel.page.evaluate(STEAL, keep)
    assert taken_away >= 3
    assert kernel.value("job.active"), "the job was over before that"
    kernel.run("await until(lambda: not job.active)")
    kernel.run("await until(lambda: len(executor.ready_workers - robbed) == 2)")
    kernel.page.evaluate("() => window.letGo()")
    assert kernel.value("all(value == i * i for i, value in job.outcomes.values.items())")
    reasons = kernel.value(
        "[getattr(e, 'reason', repr(e)) for e in job.outcomes.failures.values()]"
    )
    # What each of them ran, a spare that had stepped in by then too, and no batch waits behind it.
    assert len(reasons) <= taken_away
    assert set(reasons) <= {"silent"}
    assert kernel.value("len(job.outcomes.values) + len(job.outcomes.failures)") == 100
    assert kernel.value("list(executor.map(square, range(8)))") == [i * i for i in range(8)]
    kernel.run("executor.shutdown()")


#: Code of a task that hears all that its worker says from now on, and can say what it likes.
CAPTURE = """
def capture():
    from pyodide.code import run_js
    run_js('''() => {
      const post = MessagePort.prototype.postMessage;
      MessagePort.prototype.postMessage = function (word, ...rest) {
        if (word?.kind === 'taken') {
          Object.assign(self, { port: this, own: word.batch });
        }
        return post.call(this, word, ...rest);
      };
    }''')()

async def forge(frame):
    import asyncio
    from pyodide.code import run_js
    run_js('() => self.port.postMessage(' + frame + ')')()
    await asyncio.sleep(3600)

async def hear(channel):
    "Ends when another says so."
    import asyncio, js
    from pyodide.ffi import create_once_callable
    heard = asyncio.Event()
    own = js.BroadcastChannel.new(channel)
    own.onmessage = create_once_callable(lambda _: heard.set())
    own.postMessage("there")
    await heard.wait()
    return "unharmed"
"""

RESULT = "{ kind: 'result', payload: new Uint8Array(), buffers: [], done: true, memory: 0"

FORGED = {
    "no frame": "'a word'",
    "a frame of no kind": "{ kind: 'shutdown' }",
    "an answer for another worker's batch": f"{RESULT}, batch: 0 }}",
    "an answer for a batch that nobody has": f"{RESULT}, batch: 10 ** 6 }}",
    "an answer of another kind": "{ kind: 'value', batch: self.own, value: 42 }",
    "the end of its batch without results": f"{RESULT}, batch: self.own }}",
    "a result that is none": f"{RESULT}, payload: new Uint8Array(40), batch: self.own }}",
}


@pytest.mark.parametrize("frame", FORGED.values(), ids=FORGED.keys())
def test_a_task_that_forges_its_workers_words_costs_itself_alone(
    kernel: Kernel, frame: str
) -> None:
    kernel.run(UNTIL + CAPTURE)
    kernel.run(
        f"""
import js
from pyodide.ffi import create_proxy
from jupyterlite_pool import WorkerPoolExecutor, current_worker
from jupyterlite_pool.errors import TerminatedWorkerError
said = []
channel = js.BroadcastChannel.new("forged frames")
channel.onmessage = create_proxy(lambda event: said.append(event.data))
executor = WorkerPoolExecutor(2)
other = executor.submit(hear, "forged frames")
await until(lambda: said)  # it runs, and its worker is busy from now on
await executor.submit(capture)
forger = (await executor.submit(current_worker)).id
try:
    print(await executor.submit(forge, {json.dumps(frame)}))
except TerminatedWorkerError as error:
    reason = error.reason
await until(lambda: len(executor.ready_workers) == 2)
channel.postMessage("go on")
unharmed = await other
"""
    )
    assert kernel.value("[reason, unharmed]") == ["protocol", "unharmed"]
    assert kernel.value("forger in executor.ready_workers") is False
    assert kernel.value("[await executor.submit(abs, -i) for i in range(4)]") == [0, 1, 2, 3]
    kernel.run("executor.shutdown()\nchannel.close()")


#: A page's pool of one worker, which comes to answer calls of control as it likes.
LIE = """async ([site, lie]) => {
  const folder = `${site}/extensions/jupyterlite-pool`;
  const about = await (await fetch(`${folder}/pool.json`)).json();
  const { PyodidePool } = await import(`${folder}/${about.pool}`);
  const handed = { byWorkers: [], byPorts: [] };
  const spyOn = (prototype, list) => {
    const { postMessage } = prototype;
    prototype.postMessage = function (word, transfer = []) {
      list.push(...transfer.map(({ constructor }) => constructor.name));
      return postMessage.call(this, word, transfer);
    };
  };
  spyOn(Worker.prototype, handed.byWorkers);
  spyOn(MessagePort.prototype, handed.byPorts);
  const ends = [];
  const listener = event => event.type === 'ended' && ends.push(event.end.reason);
  const pool = new PyodidePool(`${folder}/${about.worker}`, 1, { listener });
  await pool.init({ pyodideUrl: `${site}/static/pyodide/pyodide.mjs` });
  const [honest] = (await pool.memory()).values();
  await pool.run(lie);
  const [lied] = (await pool.memory()).values();
  const value = await pool.run('6 * 7');
  pool.terminate();
  return { ...handed, honest, lied, ends, value };
}"""

#: In place of each number that is answered, what would be a function of the worker's to Comlink.
LIAR = """
from pyodide.code import run_js
run_js('''() => {
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (word, ...rest) {
    if (word?.kind || typeof word?.value !== 'number') {
      return post.call(this, word, ...rest);
    }
    const { port2 } = new MessageChannel();
    const lie = { id: word.id, type: 'HANDLER', name: 'proxy', value: port2 };
    return post.call(this, lie, [port2]);
  };
}''')()
"""


def test_a_worker_is_handed_nothing_that_it_could_call(pages: Pages, site: str) -> None:
    found = pages.open(f"{site}/jupyter-lite.json").evaluate(LIE, [site, LIAR])
    # Control and tasks for each of two workers, and nothing later that leads back into its host.
    assert found["byWorkers"] == ["MessagePort"] * 2 * 2
    assert found["byPorts"].count("MessagePort") == 0
    assert found["honest"] > 1_000_000
    assert found["lied"] == found["honest"], "what is no number is not believed"
    assert found["ends"] == ["protocol", "terminated"]  # the second one with its pool
    assert found["value"] == 42


def test_the_global_channel_of_a_worker_carries_nothing(kernel: Kernel) -> None:
    kernel.run(
        """
def patch():
    from pyodide.code import run_js
    run_js('''() => {
      self.heard = [];
      self.onmessage = ({ data }) => self.heard.push(data);
      const post = self.postMessage;
      self.postMessage = (...words) => {
        self.heard.push(words[0]);
        post.apply(self, words);
      };
    }''')()

def speak():
    "As its worker would of this very batch, and of its own end."
    from pyodide.code import run_js
    run_js('''() => {
      for (let batch = 0; batch < 9; batch++) {
        self.postMessage({ kind: 'result', batch, payload: new Uint8Array(), buffers: [],
                           done: true, memory: 0 });
        self.postMessage({ kind: 'fatal', reason: 'exited', status: 0, batch, running: null,
                           message: '', memory: 0 });
      }
    }''')()
    return "said"

def count():
    import js
    from jupyterlite_pool import current_worker
    return len(js.heard), current_worker().id

from jupyterlite_pool import WorkerPoolExecutor
executor = WorkerPoolExecutor(1)
await executor.submit(patch)
values = [await executor.submit(abs, -i) for i in range(5)]
before = await executor.submit(count)
said = await executor.submit(speak)
after = await executor.submit(count)
executor.shutdown()
"""
    )
    assert kernel.value("values") == [0, 1, 2, 3, 4]
    assert kernel.value("before") == [0, 0]
    assert kernel.value("said") == "said"
    assert kernel.value("after") == [18, 0], "its own words, on the same worker"
