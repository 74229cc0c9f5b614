"""A kernel of a JupyterLite site, driven from a test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.tally import tally

START = (Path(__file__).parent / "lite_kernel.js").read_text("utf-8")

#: In every test but its own, running without workers is a failure.
STRICT = """
import json, warnings
from jupyterlite_pool.errors import PoolFallbackWarning
warnings.simplefilter("error", PoolFallbackWarning)
"""

#: For cells that wait for something: nothing is slept for.
UNTIL = """
import asyncio, time

async def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it has not come"
        await asyncio.sleep(0.01)
"""

#: Of each worker of `executor`, once all of them are there: whether the snapshot was restored.
RESTORED = """
workers = lambda: list(executor._pool.backend._pool.workers)
await executor.submit(abs, -1)
await until(lambda: all(worker.state != "starting" for worker in workers()))
restored = [worker.restored for worker in workers()]
"""

#: Resolves when the site's service worker, which serves the notebook's files, has the page.
CONTROLLED = """async () => {
  const { serviceWorker } = navigator;
  await serviceWorker.ready;
  if (!serviceWorker.controller) {
    await new Promise(resolve =>
      serviceWorker.addEventListener('controllerchange', resolve, { once: true })
    );
  }
}"""

Output = dict[str, Any]


class Evaluates(Protocol):
    """A page of any browser."""

    def evaluate(self, function: str, argument: Any = ..., /) -> Any:
        """Call a function of JavaScript with an argument, and await its value, both as JSON."""


class CellError(AssertionError):
    """A cell ended with an error."""

    def __init__(self, name: str, value: str, traceback: list[str]) -> None:
        super().__init__("\n".join([f"{name}: {value}", *traceback]))
        self.name = name
        self.value = value


@dataclass
class Reply:
    """What a cell replied and showed."""

    status: str
    outputs: list[Output]
    #: The number of the cell.
    cell: int = -1

    @property
    def stdout(self) -> str:
        return self._stream("stdout")

    @property
    def stderr(self) -> str:
        return self._stream("stderr")

    @property
    def result(self) -> str | None:
        """The text of the cell's value."""
        for output in self.outputs:
            if output["type"] == "execute_result":
                return str(output["data"]["text/plain"])
        return None

    @property
    def error(self) -> Output | None:
        return next((o for o in self.outputs if o["type"] == "error"), None)

    def displays(self) -> list[Output]:
        """What was displayed, updates included. Calls that take long have cards; see `cards`."""
        return [output for output in self._displays() if not _is_card(output)]

    def cards(self) -> list[Output]:
        """The cards that were displayed, updates included."""
        return [output for output in self._displays() if _is_card(output)]

    def _displays(self) -> list[Output]:
        return [o for o in self.outputs if o["type"] in ("display_data", "update_display_data")]

    def _stream(self, name: str) -> str:
        texts = (o["text"] for o in self.outputs if o["type"] == "stream" and o["name"] == name)
        return "".join(texts)


class Kernel:
    """A running kernel; its cells run one after the other."""

    def __init__(self, page: Evaluates, name: str = "test.ipynb", strict: bool = True) -> None:
        self.page = page
        tally.kernels += 1
        page.evaluate(START, name)
        if strict:
            self.run(STRICT)

    def execute(self, code: str) -> Reply:
        """Run a cell, whatever comes of it."""
        reply = self.page.evaluate("code => window.poolTest.run(code)", code)
        return Reply(reply["status"], reply["outputs"], reply["cell"])

    def start(self, code: str) -> None:
        """Run a new cell, and do not wait for its end, which may never come."""
        self.page.evaluate("code => void window.poolTest.run(code).catch(() => {})", code)

    def look_again(self, reply: Reply) -> Reply:
        """A cell with what has come to it since."""
        outputs = self.page.evaluate("cell => window.poolTest.cells[cell]", reply.cell)
        return Reply(reply.status, outputs, reply.cell)

    def run(self, code: str) -> Reply:
        """Run a cell that must succeed."""
        reply = self.execute(code)
        if reply.status != "ok":
            error = reply.error or {"ename": reply.status, "evalue": "", "traceback": []}
            raise CellError(error["ename"], error["evalue"], error["traceback"])
        return reply

    def value(self, expression: str) -> Any:
        """The value of an expression, as JSON carries it."""
        mark = "\x1evalue:"
        text = self.run(f"import json; print({mark!r} + json.dumps({expression}))").stdout
        return json.loads(text.rpartition(mark)[2])

    def fails(self, code: str) -> Output:
        """The error of a cell that must fail."""
        reply = self.execute(code)
        assert reply.error is not None, f"the cell did not fail: {reply.outputs}"
        return reply.error

    def stop(self) -> None:
        self.page.evaluate("() => window.poolTest.stop()")


def _is_card(output: Output) -> bool:
    return 'class="jp-pool-card"' in str(output["data"].get("text/html", ""))
