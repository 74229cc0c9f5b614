"""The pool in the handler of a widget: Python cannot wait there, though the browser could."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Pages
from tests.support.notebook import Notebook

CODE = """
import asyncio, concurrent.futures as cf, json, queue, threading
import ipywidgets
from jupyterlite_pool import errors, get_reusable_executor, pool_map

def nap(seconds):
    import time
    time.sleep(seconds)
    return seconds

executor = get_reusable_executor()
ready = pool_map(abs, [-1, -2])
future = executor.submit(abs, -3)
future.result()
said, clicked = {}, asyncio.Event()

def try_to(name, wait):
    try:
        said[name] = wait()
    except errors.BlockingUnavailableError as error:
        said[name] = str(error)

async def wait_for(running, slow):
    said["awaited"] = [await running, await slow]
    clicked.set()

def on_click(button):
    slow = executor.submit(nap, 0.5)
    running = pool_map(abs, [-4], progress=False)
    said["without waiting"] = type(running).__name__
    try_to("result", slow.result)
    try_to("wait", lambda: cf.wait([slow]))
    try_to("as_completed", lambda: list(cf.as_completed([slow])))
    try_to("event", lambda: threading.Event().wait())
    try_to("queue", lambda: queue.Queue().get(timeout=1))
    try_to("list", lambda: list(running))
    try_to("map", lambda: next(executor.map(abs, [-1])))
    try_to("block", lambda: pool_map(abs, [-1], block=True))
    try_to("ready", lambda: [list(ready), future.result(), len(cf.wait([future]).done)])
    asyncio.get_event_loop().create_task(wait_for(running, slow))

button = ipywidgets.Button(description="Start the work")
button.on_click(on_click)
button
"""


@pytest.fixture(scope="module")
def said(module_pages: Pages, site: str) -> dict[str, Any]:
    """What a handler got from each way of waiting."""
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run(CODE)
    notebook.page.get_by_role("button", name="Start the work").click()
    notebook.run("await asyncio.wait_for(clicked.wait(), 60)\nprint('said:' + json.dumps(said))")
    text = notebook.page.locator(".jp-OutputArea-output", has_text="said:").last.inner_text()
    answer: dict[str, Any] = json.loads(text.partition("said:")[2])
    return answer


@pytest.mark.parametrize(
    ("way", "instead"),
    [
        ("result", "value = await future"),
        ("wait", "await asyncio.wrap_future(future)"),
        ("as_completed", "await asyncio.wrap_future(future)"),
        ("event", "await asyncio.wrap_future(future)"),
        ("queue", "await asyncio.wrap_future(future)"),
        ("list", "results = await pool_map(f, xs)"),
        ("map", "values = await pool_map(f, xs)"),
        ("block", "results = await pool_map(f, xs)"),
    ],
)
def test_a_wait_raises_at_once_and_says_what_to_write(
    said: dict[str, Any], way: str, instead: str
) -> None:
    assert f"cannot pause Python here. Write `{instead}`" in said[way]


def test_pool_map_gives_the_running_result(said: dict[str, Any]) -> None:
    assert said["without waiting"] == "MapResult"


def test_a_coroutine_that_the_handler_starts_can_await(said: dict[str, Any]) -> None:
    assert said["awaited"] == [[4], 0.5]


def test_what_is_there_needs_no_wait(said: dict[str, Any]) -> None:
    assert said["ready"] == [[1, 2], 3, 1]
