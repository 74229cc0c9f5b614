"""An installed Firefox, driven over the protocol that it speaks itself: WebDriver BiDi."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.processes import running

#: What the browser is called, and how to get it.
NAMES = ("firefox-esr", "firefox")
HOW_TO_GET = "there is no Firefox: apt-get install firefox-esr"

#: Seconds until it listens, and until it answers; a kernel starts in a third of that.
START = 60
ANSWER = 45


class FrozenError(RuntimeError):
    """It does not answer any more, and never will."""


def find() -> str | None:
    """The installed Firefox."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class FirefoxPage:
    """A tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._frozen = False
        self._send("session.new", capabilities={})
        [tab, *_] = self._send("browsingContext.getTree")["contexts"]
        self._tab = tab["context"]

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self._send("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, function: str, argument: Any = None, /) -> Any:
        """Call a function of JavaScript with an argument, and await its value, both as JSON."""
        answer = self._send(
            "script.callFunction",
            functionDeclaration=(
                f"async text => JSON.stringify(await ({function})(JSON.parse(text)) ?? null)"
            ),
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        if self._frozen:
            raise FrozenError("it has not answered before")
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            try:
                answer = json.loads(self._connection.recv(timeout=ANSWER))
            except TimeoutError:
                self._frozen = True
                raise FrozenError(f"no answer to {method} after {ANSWER} s") from None
            if answer.get("id") == number:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result


@contextmanager
def start(executable: str) -> Iterator[FirefoxPage]:
    """A Firefox with a profile of its own, without a window."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = (executable, "--headless", "--no-remote", "--profile", profile)
        with running(*command, "--remote-debugging-port", "0") as process:
            port = _port(Path(profile) / "WebDriverBiDiServer.json", process.poll)
            with connect(f"ws://127.0.0.1:{port}/session", max_size=None) as connection:
                yield FirefoxPage(connection)


def _port(file: Path, ended: Any) -> int:
    """The port that the browser writes down when it listens."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and ended() is None:
        try:
            return int(json.loads(file.read_text("utf-8"))["ws_port"])
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError("Firefox does not listen")
