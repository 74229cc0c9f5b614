"""One site, one server and one browser for a whole run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.faults import ROUNDS, SEED
from tests.support.kernel import Kernel
from tests.support.wheels import FOLDER, Wheels

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from browser import find as find_browser  # noqa: E402
from serve import make_server  # noqa: E402

ARTIFACTS = ROOT / "tests" / "artifacts"

#: A browser on a machine of its own: no sandbox as root, no calls home.
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name that is no secure context, as that of a machine in a school.
    "--host-resolver-rules=MAP pool.test 127.0.0.1",
]

#: Milliseconds: two workers and a kernel start at once on machines with two slow cores.
PAGE_TIMEOUT = 60_000


def pytest_report_header() -> str:
    """Say how to have the same run again."""
    return f"faults: {ROUNDS} rounds each, SEED={SEED}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests without a browser first: they are fast, and Playwright leaves an event loop running."""

    def rank(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        return 2 if "browser" in names else 1 if "site" in names else 0

    items.sort(key=rank)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Let fixtures know whether their test failed."""
    report = yield
    if report.failed:
        item.stash.setdefault(FAILED, []).append(report.when)
    return report


FAILED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """Serve a folder; returns its URL."""
    servers = []

    def start(folder: Path, isolated: bool = False, shared: bool = False) -> str:
        server = make_server(str(folder), isolated=isolated, shared=shared)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site(serve: Callable[..., str]) -> str:
    """The URL of the built site."""
    folder = ROOT / "_output"
    if not (folder / "index.html").exists():
        pytest.fail("there is no site: run `make site`", pytrace=False)
    return serve(folder)


@pytest.fixture(scope="session")
def wheels(serve: Callable[..., str]) -> Wheels:
    """Installs packages of PyPI in kernels."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    return Wheels(serve(FOLDER, shared=True))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is."""
    executable = find_browser()
    if executable is None:
        pytest.fail("there is no Chromium: run `python tools/browser.py`", pytrace=False)
    return str(executable)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """The one browser of this run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=BROWSER_FLAGS,
            # As in everybody's browser: a page that is left may come back as it was.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


class Pages:
    """Opens pages; leaves a trace and a screenshot of each where the test failed."""

    def __init__(self, browser: Browser, name: str) -> None:
        self._browser = browser
        self._name = name
        self._contexts: list[BrowserContext] = []

    def open(self, url: str = "", **options: Any) -> Page:
        context = self._browser.new_context(**options)
        context.set_default_timeout(PAGE_TIMEOUT)
        # Pictures of every moment would cost more than the tests; the last one is taken below.
        context.tracing.start(screenshots=False, snapshots=False)
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: print("page error:", error))
        page.on("console", lambda m: print("console:", m.text) if m.type == "error" else None)
        if url:
            page.goto(url)
        return page

    def close(self, failed: bool) -> None:
        for number, context in enumerate(self._contexts):
            if failed:
                ARTIFACTS.mkdir(exist_ok=True)
                stem = ARTIFACTS / f"{self._name}-{number}"
                for page in context.pages:
                    page.screenshot(path=f"{stem}.png")
                context.tracing.stop(path=f"{stem}.zip")
            context.close()


def _file_name(node: pytest.Item | pytest.Collector) -> str:
    return "".join(c if c.isalnum() else "-" for c in node.nodeid).strip("-")


@pytest.fixture
def pages(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Pages]:
    """Opens pages that this test has to itself."""
    pages = Pages(browser, _file_name(request.node))
    yield pages
    pages.close(failed=FAILED in request.node.stash)


@pytest.fixture(scope="module")
def module_pages(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Pages]:
    """Opens pages that the tests of a module share."""
    pages = Pages(browser, _file_name(request.node))
    yield pages
    mine = [item for item in request.session.items if item.parent is request.node]
    failed = any(FAILED in item.stash for item in mine)
    pages.close(failed=failed)


@pytest.fixture(scope="module")
def kernel(module_pages: Pages, site: str) -> Kernel:
    """A kernel that the tests of a module share."""
    return Kernel(module_pages.open(f"{site}/lab/index.html"))


@pytest.fixture
def fresh_kernel(pages: Pages, site: str) -> Kernel:
    """A kernel that this test has to itself."""
    return Kernel(pages.open(f"{site}/lab/index.html"))
