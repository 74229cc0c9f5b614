"""A Chromium whose tab can be frozen: Playwright keeps its own awake, as if they were looked at."""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.processes import running

#: Seconds until it listens, and until it answers; a kernel starts in a third of that.
START = 60
ANSWER = 60


class FreezingTab:
    """The tab, spoken to in DevTools' own protocol."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self._send("Page.enable")
        self._send("Page.navigate", url=url)
        while self._hear().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, function: str, argument: Any = None, /) -> Any:
        """Call a function of JavaScript with an argument, and await its value, both as JSON."""
        answer = self._send(
            "Runtime.evaluate",
            expression=f"({function})({json.dumps(argument)})",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing of it runs, as in a tab that nobody has looked at for long; clocks go on."""
        self._send("Page.setWebLifecycleState", state="frozen")
        yield
        self._send("Page.setWebLifecycleState", state="active")

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := self._hear()).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(self._connection.recv(timeout=ANSWER))
        return heard


@contextmanager
def freezing_tab(executable: str, flags: Sequence[str], url: str) -> Iterator[FreezingTab]:
    """A page in a Chromium with a profile of its own, without a window."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ("--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}")
        with running(executable, *options, *flags, "about:blank") as process:
            browser = _address(Path(profile) / "DevToolsActivePort", process.poll)
            with connect(browser, max_size=None) as connection:
                made = FreezingTab(connection)._send("Target.createTarget", url="about:blank")
            address = f"{browser.partition('/devtools/')[0]}/devtools/page/{made['targetId']}"
            with connect(address, max_size=None) as connection:
                tab = FreezingTab(connection)
                tab.open(url)
                yield tab


def _address(file: Path, ended: Any) -> str:
    """The address that the browser writes down when it listens."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and ended() is None:
        try:
            port, path = file.read_text("utf-8").split()
            return f"ws://127.0.0.1:{port}{path}"
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError("Chromium does not listen")
