"""An installed WebKitGTK, driven over WebDriver. It cannot suspend Python."""

from __future__ import annotations

import glob
import json
import os
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple

from tests.support.kernel import Kernel
from tests.support.processes import running

#: How to get all that is needed.
HOW_TO_GET = "there is no WebKitGTK: apt-get install webkit2gtk-driver xvfb"

#: Where distributions keep WebKitGTK's own small browser.
BROWSERS = ("/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/lib*/webkit2gtk-4.*/MiniBrowser")

#: Seconds until the driver listens, and until it answers.
START = 60
ANSWER = 60


#: One start of WebKitGTK in thirty ends before there is a kernel: a script of the page fails to
#: load, or the page never answers. What never starts is an error.
STARTS = 3


class Programs(NamedTuple):
    """What is needed."""

    browser: str
    driver: str
    display: str


def find() -> Programs | None:
    """The installed programs."""
    browsers = [path for pattern in BROWSERS for path in sorted(glob.glob(pattern))]
    driver, display = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    if not browsers or driver is None or display is None:
        return None
    return Programs(browsers[-1], driver, display)


class WebKitPage:
    """A window."""

    def __init__(self, driver: str, browser: str) -> None:
        options = {"binary": browser, "args": ["--automation"]}
        capabilities = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": options}
        answer = _send("POST", f"{driver}/session", capabilities={"alwaysMatch": capabilities})
        self._session = f"{driver}/session/{answer['sessionId']}"
        self._silent = False
        _send("POST", f"{self._session}/timeouts", script=ANSWER * 1000, pageLoad=ANSWER * 1000)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        _send("POST", f"{self._session}/url", url=url)

    def evaluate(self, function: str, argument: Any = None, /) -> Any:
        """Call a function of JavaScript with an argument, and await its value, both as JSON."""
        script = f"""
          const [text, answer] = arguments;
          (async () => ({function})(JSON.parse(text)))().then(
            value => answer({{ value: JSON.stringify(value ?? null) }}),
            error => answer({{ error: String(error) }})
          );
        """
        if self._silent:  # what it is asked next would wait in vain, too
            raise RuntimeError("it has not answered before")
        args = [json.dumps(argument)]
        try:
            answer = _send("POST", f"{self._session}/execute/async", script=script, args=args)
        except RuntimeError:
            self._silent = True
            raise
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return json.loads(answer["value"])

    def close(self) -> None:
        """End the browser."""
        _send("DELETE", self._session)


@contextmanager
def start(programs: Programs) -> Iterator[WebKitPage]:
    """A browser without a profile, on a screen that nobody sees."""
    with _screen(programs.display) as display:
        environment = {"DISPLAY": display, "NO_AT_BRIDGE": "1"}
        if os.geteuid() == 0:  # its sandbox refuses to work for root
            environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        port = _free_port()
        with running(programs.driver, f"--port={port}", environment=environment):
            driver = f"http://127.0.0.1:{port}"
            _await_driver(driver)
            page = WebKitPage(driver, programs.browser)
            try:
                yield page
            finally:
                page.close()


def insist(browser: ExitStack, begin: Callable[[], Kernel]) -> Kernel:
    """A kernel, for which the browser is started again if it does not get that far.

    Args:
        browser: closes the browser.
        begin: starts the browser, leaves its end to `browser`, and starts the kernel.
    """
    for starts_left in reversed(range(STARTS)):
        try:
            return begin()
        except RuntimeError:
            if not starts_left:
                raise
            with suppress(RuntimeError):  # it may not answer now, either
                browser.close()
    raise AssertionError("it has been started at least once")


@contextmanager
def _screen(program: str) -> Iterator[str]:
    """A screen in memory; its name."""
    read, write = os.pipe()
    command = (program, "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp")
    with os.fdopen(read) as name, running(*command, keep=(write,)):
        os.close(write)
        yield f":{name.readline().strip()}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_driver(driver: str) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            _send("GET", f"{driver}/status")
            return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise RuntimeError("WebKitWebDriver does not listen") from None
            time.sleep(0.1)


def _send(method: str, address: str, /, **params: Any) -> Any:
    body = json.dumps(params).encode() if method == "POST" else None
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER + 5) as response:
            return json.load(response)["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None
