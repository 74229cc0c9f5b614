"""An installed Firefox, driven by Marionette, the protocol that it speaks itself.

WebDriver BiDi is newer, but a BiDi session watches all workers, and then `new Worker` in a worker
sometimes never returns: of two threads that wait on one condition variable Firefox wakes the wrong
one. Marionette watches nothing.
"""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes import running
from tests.support.tally import tally

#: What the browser is called, and how to get it.
NAMES = ("firefox-esr", "firefox")
HOW_TO_GET = "there is no Firefox: apt-get install firefox-esr"

#: Seconds until it listens, and until it answers; a kernel starts in a tenth of that.
START = 60
ANSWER = 90

#: Calls a function with an argument, and hands its value to Marionette, both as JSON.
CALL = """
const [text, done] = arguments;
const call = async () => JSON.stringify((await (%s)(JSON.parse(text))) ?? null);
call().then(value => done({ value }), error => done({ error: String(error) }));
"""


def find() -> str | None:
    """The installed Firefox."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class FirefoxPage:
    """A tab."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")
        self._numbers = itertools.count(1)
        self._receive()  # it says hello first
        self._send("WebDriver:NewSession", capabilities={"alwaysMatch": {}})
        milliseconds = 1000 * ANSWER
        self._send("WebDriver:SetTimeouts", script=milliseconds, pageLoad=milliseconds)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        tally.pages += 1
        self._send("WebDriver:Navigate", url=url)

    def evaluate(self, function: str, argument: Any = None, /) -> Any:
        """Call a function of JavaScript with an argument, and await its value, both as JSON."""
        args = [json.dumps(argument)]
        answer = self._send("WebDriver:ExecuteAsyncScript", script=CALL % function, args=args)
        if "error" in answer["value"]:
            raise RuntimeError(answer["value"]["error"])
        return json.loads(answer["value"]["value"])

    def _send(self, command: str, **parameters: Any) -> Any:
        """Send a command; returns its result."""
        number = next(self._numbers)
        text = json.dumps([0, number, command, parameters]).encode()
        self._connection.sendall(b"%d:%b" % (len(text), text))
        _, answered, error, result = self._receive()
        assert answered == number
        if error is not None:
            raise RuntimeError(f"{command}: {error['error']}: {error['message']}")
        return result

    def _receive(self) -> Any:
        """One message: how many bytes of JSON, a colon, the JSON."""
        size = b""
        while (byte := self._stream.read(1)) != b":":
            if not byte:
                raise RuntimeError("Firefox has closed the connection")
            size += byte
        return json.loads(self._stream.read(int(size)))


@contextmanager
def start(executable: str) -> Iterator[FirefoxPage]:
    """A Firefox with a profile of its own, without a window."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Any free port; Firefox writes down which one it has taken.
        Path(profile, "user.js").write_text('user_pref("marionette.port", 0);\n', "utf-8")
        command = (executable, "--headless", "--no-remote", "--profile", profile, "--marionette")
        with running(*command) as process:
            address = ("127.0.0.1", _port(Path(profile, "MarionetteActivePort"), process.poll))
            with socket.create_connection(address, timeout=ANSWER + 10) as connection:
                yield FirefoxPage(connection)


def _port(file: Path, ended: Callable[[], int | None]) -> int:
    """The port that the browser writes down when it listens."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and ended() is None:
        try:
            return int(file.read_text("utf-8"))
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError("Firefox does not listen")
