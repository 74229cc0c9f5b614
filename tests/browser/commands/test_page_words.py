"""Who can speak to a kernel's pool, and what a kernel hears."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.commands.test_interrupt import SHOWN, STOPPED, press_button
from tests.conftest import Pages
from tests.support.kernel import Kernel
from tests.support.meeting import HEAR
from tests.support.notebook import Notebook

START = f"""{HEAR}
import asyncio, json, time
from jupyterlite_pool.commands import page_words as _control
from jupyterlite_pool import get_reusable_executor, pool_map
executor = get_reusable_executor()
"""

#: Posts to a channel from the page, which is as good a stranger as any script of the origin.
POST = """([name, word]) => {
  const channel = new BroadcastChannel(name);
  channel.postMessage(word);
  channel.close();
}"""

MALFORMED: list[Any] = [
    None,
    "interrupt",
    7,
    [],
    ["interrupt"],
    {},
    {"type": None},
    {"type": "shutdown"},
    {"type": ["interrupt"]},
    {"type": "interrupt", "job": "0" * 16},
    {"type": "interrupt", "code": "import os; os.abort()"},
    {"type": "cancel"},
    {"type": "cancel", "job": 1},
    {"type": "cancel", "job": "../../etc"},
    {"type": "settings", "settings": {}},
    {
        "type": "settings",
        "settings": {"prewarm": "yes", "maxWorkers": 1, "progressAfter": 1, "widgets": True},
    },
    {
        "type": "settings",
        "settings": {"prewarm": True, "maxWorkers": -1, "progressAfter": 1, "widgets": True},
    },
]


@pytest.fixture
def page(pages: Pages, site: str) -> Page:
    return pages.open(f"{site}/lab/index.html")


def test_words_that_are_none_do_nothing_and_are_told_of(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    notebook = Notebook(page)
    notebook.run(START)
    notebook.run("list(pool_map(abs, range(4), progress=False))")
    name = notebook.value("_control._control.name")
    before = notebook.value("repr(_control.page)")

    def told_of() -> int:
        return sum("no control word" in text for text in said)

    # A cell that would end if any of them did anything; it is there when they arrive.
    notebook.start("future = executor.submit(hear, 'go on'); heard = future.result()")
    page.evaluate(SHOWN, "runs now")
    with page.expect_console_message(lambda _: told_of() == len(MALFORMED)):
        for word in MALFORMED:
            page.evaluate(POST, [name, word])
    page.evaluate(POST, ["go on", "end"])
    notebook.finish()
    assert notebook.value("[heard, future.cancelled(), repr(_control.page)]") == [
        "end",
        False,
        before,
    ]
    assert told_of() == len(MALFORMED)


def test_who_does_not_know_the_name_cannot_speak_and_hears_nothing(page: Page) -> None:
    notebook = Notebook(page)
    notebook.run(START)
    name = notebook.value("_control._control.name")
    assert len(set(name.removeprefix("jupyterlite-pool-"))) > 1
    assert len(name.removeprefix("jupyterlite-pool-")) == 32
    # Another notebook of the same page, with a kernel of its own.
    other = Notebook(page)
    other.run(START)
    other.run(
        "import js\n"
        "from pyodide.ffi import create_proxy, to_js\n"
        "heard = []\n"
        "word = js.Object.fromEntries(to_js([['type', 'interrupt']]))\n"
        "def speak(names):\n"
        "    for name in names:\n"
        "        channel = js.BroadcastChannel.new(name)\n"
        "        channel.onmessage = create_proxy(lambda event: heard.append(name))\n"
        "        channel.postMessage(word)"
    )
    assert other.value("_control._control.name") != name
    page.evaluate("() => { window.panel = null; }")
    page.evaluate(
        """path => {
          const { shell } = window.jupyterapp;
          window.first = [...shell.widgets('main')].find(w => w.context?.path === path);
        }""",
        notebook.path,
    )
    page.evaluate(
        """code => {
          const kernel = window.first.sessionContext.session.kernel;
          const future = kernel.requestExecute({ code });
          window.runs = new Promise(resolve => {
            future.onIOPub = ({ content }) => content.text?.includes('runs now') && resolve();
          });
          window.reply = future.done;
        }""",
        "executor.submit(hear, 'go on').result()",
    )
    page.evaluate(
        """path => {
          const { shell } = window.jupyterapp;
          window.panel = [...shell.widgets('main')].find(w => w.context?.path === path);
        }""",
        other.path,
    )
    guesses = ["jupyterlite-pool", "jupyterlite-pool-", "jupyterlite-pool-" + "0" * 32]
    page.evaluate("() => window.runs")
    other.run(f"speak({guesses!r})")
    page.evaluate(POST, ["go on", "end"])
    assert page.evaluate("async () => (await window.reply).content.status") == "ok"
    assert other.value("heard") == []
    # Interrupting this one leaves the other alone, too.
    page.evaluate(
        """code => {
          const kernel = window.first.sessionContext.session.kernel;
          const future = kernel.requestExecute({ code });
          window.runs = new Promise(resolve => {
            future.onIOPub = ({ content }) => content.text?.includes('runs now') && resolve();
          });
          window.reply = future.done;
        }""",
        "executor.submit(hear, 'go on').result()",
    )
    page.evaluate("() => window.runs")
    other.start("executor.submit(hear, 'never').result()")
    page.evaluate(SHOWN, "runs now")
    page.evaluate("() => window.panel.sessionContext.session.kernel.interrupt()")
    other.finish()
    assert "KeyboardInterrupt" in other.error()
    page.evaluate(POST, ["go on", "end"])
    assert page.evaluate("async () => (await window.reply).content.status") == "ok"


#: For another kernel that has come to know the name of a channel: it hears all that is said there,
#: and says what it likes.
SPY = """
import asyncio, json, js
from pyodide.ffi import create_proxy
heard = []
channel = js.BroadcastChannel.new({name!r})
def hear(event):
    heard.append(json.loads(js.JSON.stringify(event.data)))
channel.onmessage = create_proxy(hear)
def say(word):
    channel.postMessage(js.JSON.parse(json.dumps(word)))
"""

#: What would be believed if it came over a worker's port, or ran.
FORGED: list[Any] = [
    {"kind": "result", "batch": 0, "payload": [128, 4], "done": True, "memory": 0},
    {"kind": "fatal", "reason": "exited", "status": 0, "batch": 0, "message": "", "memory": 0},
    {"type": "run", "code": "stolen = True"},
    {"type": "settings", "settings": {"workerUrl": "https://example.org/worker.js"}},
]


def test_who_has_the_name_can_interrupt_and_hears_no_more_than_control_words(page: Page) -> None:
    notebook = Notebook(page)
    notebook.run(START)
    notebook.run("list(pool_map(abs, range(4), progress=False))")
    name = notebook.value("_control._control.name")
    other_page = page.context.new_page()
    other_page.goto(page.url)
    spy = Kernel(other_page)
    spy.run(SPY.format(name=name))

    # A call that carries data there and back, while the spy listens and forges.
    notebook.start("future = executor.submit(hear, 'go on'); told = future.result()")
    page.evaluate(SHOWN, "runs now")
    for word in FORGED:
        spy.run(f"say({word!r})")
    page.evaluate(POST, ["go on", "a secret"])
    notebook.finish()
    assert notebook.value("[told, 'stolen' in globals()]") == ["a secret", False]

    notebook.start("future = executor.submit(hear, 'go on'); told = future.result()")
    page.evaluate(SHOWN, "runs now")
    page.evaluate(
        """() => window.jupyterapp.serviceManager.settings.save(
          'jupyterlite-pool:plugin', '{"progressAfter": 3}')"""
    )
    press_button(page)
    notebook.finish()
    assert "KeyboardInterrupt" in notebook.error()
    notebook.run("list(pool_map(abs, range(4), progress=False))")
    words = spy.value("heard")
    assert [word["wish"]["number"] for word in words if word["type"] == "interrupt"] == [1]
    known = {"heard", "interrupt", "cancel", "settings", "options", "look", "ask"}
    assert {word["type"] for word in words} <= known
    assert "secret" not in json.dumps(words)

    # It can do what the page can: interrupt.
    notebook.start("executor.submit(hear, 'never').result()")
    page.evaluate(SHOWN, "runs now")
    spy.run("say({'type': 'interrupt'})")
    notebook.finish()
    assert "KeyboardInterrupt" in notebook.error()


def test_a_kernel_of_an_older_wheel_hears_the_word_that_it_knows(page: Page) -> None:
    notebook = Notebook(page)
    notebook.run(START)
    notebook.run("while not _control._control.heard: await asyncio.sleep(0.01)")
    # As a wheel before 0.2 announces itself: it says nothing of wishes, and knows no word with one.
    name = "jupyterlite-pool-" + "0123456789abcdef" * 2
    notebook.run(
        SPY.format(name=name) + f"from comm import create_comm\n"
        f"create_comm(target_name='jupyterlite-pool', data={{'channel': {name!r}}})"
    )
    notebook.run("while not heard: await asyncio.sleep(0.01)")
    notebook.start("print('waits')\nwhile len(heard) < 2: await asyncio.sleep(0.01)")
    page.evaluate(SHOWN, "waits")
    press_button(page)
    notebook.finish()
    assert notebook.value("heard") == [{"type": "heard"}, {"type": "interrupt"}]


def test_a_kernel_says_its_name_again_until_it_was_heard(page: Page) -> None:
    # The first words are lost, as if the page had not been ready for them.
    page.evaluate(
        """() => {
          const post = BroadcastChannel.prototype.postMessage;
          window.lost = 0;
          window.deaf = true;
          BroadcastChannel.prototype.postMessage = function (word) {
            if (word?.type === 'heard' && window.deaf) {
              window.lost++;
              return;
            }
            return post.call(this, word);
          };
        }"""
    )
    notebook = Notebook(page)
    notebook.run(START)
    page.evaluate(STOPPED)
    assert notebook.value("_control._control.heard") is False
    assert page.evaluate("() => { window.deaf = false; return window.lost; }") >= 1
    notebook.run("_control._control._announced_at = 0\nlist(pool_map(abs, [1], progress=False))")
    notebook.run("while not _control._control.heard: await asyncio.sleep(0.01)")
    notebook.start("executor.submit(hear, 'never').result()")
    page.evaluate(SHOWN, "runs now")
    press_button(page)
    notebook.finish()
    assert "KeyboardInterrupt" in notebook.error()


def test_a_page_that_speaks_after_the_first_cells_is_told_where_the_kernel_listens(
    page: Page,
) -> None:
    kernel = Kernel(page)  # the labextension does not know of it
    page.evaluate(
        """() => {
          window.told = new Promise(resolve => window.poolTest.session.kernel.registerCommTarget(
            'jupyterlite-pool', (_, { content }) => resolve(content.data.channel)
          ));
        }"""
    )
    kernel.run("import jupyterlite_pool")
    settings = {"prewarm": False, "maxWorkers": 1, "progressAfter": 7, "widgets": False}
    kernel.run(f"import js; js.jupyterlitePoolPage = {json.dumps(settings)!r}")
    kernel.run("'any cell'")
    from_page = page.evaluate("() => window.told")
    assert kernel.value("jupyterlite_pool.commands.page_words._control.name") == from_page
    assert kernel.value("jupyterlite_pool.notebook.page.page.progress_after") == 7


def test_a_restarted_kernel_listens_under_another_name(page: Page) -> None:
    notebook = Notebook(page)
    notebook.run(START)
    name = notebook.value("_control._control.name")
    page.evaluate("() => window.panel.sessionContext.restartKernel()")
    notebook.run(START)
    while not notebook.value("_control._control.heard"):
        pass  # it is told again with each cell
    assert notebook.value("_control._control.name") != name
    notebook.start("executor.submit(hear, 'never').result()")
    page.evaluate(SHOWN, "runs now")
    press_button(page)
    notebook.finish()
    assert "KeyboardInterrupt" in notebook.error()


def test_a_change_of_the_settings_reaches_kernels_that_run(page: Page) -> None:
    notebook = Notebook(page)
    notebook.run(START)
    notebook.run("while not _control._control.heard: await asyncio.sleep(0.01)")
    page.evaluate(
        """async () => {
          const app = window.jupyterapp;
          const token = [...app.pluginRegistry._services.keys()]
            .find(({ name }) => name === '@jupyterlab/coreutils:ISettingRegistry');
          const registry = await app.resolveOptionalService(token);
          await registry.set('jupyterlite-pool:plugin', 'progressAfter', 1000);
        }"""
    )
    notebook.run("while _control.page.progress_after != 1000: await asyncio.sleep(0.01)")
    notebook.run("pool_map(time.sleep, [0.6, 0.6])")
    assert notebook.cards.count() == 0
