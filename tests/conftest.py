"""One site, one server and one browser for a whole run."""

from __future__ import annotations

import functools
import math
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.faults import BUDGET, ROUNDS, SEED
from tests.support import share, stuck
from tests.support.kernel import Kernel
from tests.support.lean import lean_site
from tests.support.stock import Stock, page_of
from tests.support.tally import sentence, slowest_files, tally
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

#: Folders in which every test needs a browser, and in which none does: `make` collects no others.
WITH = ("browser", "jupyterlab", "other_browsers", "releases", "web_page")
WITHOUT = ("documentation", "tools", "unit")

#: Of the tests that need a browser, those that `make test` has: what users do most, in kernels of
#: the stock. All others are `long`, since most of them start a page and a kernel of their own.
BRIEF = tuple(
    ROOT / "tests" / name
    for name in (
        "browser/api",
        "browser/commands/test_magics.py",
        "browser/dispatch/test_brief.py",
        "browser/notebook/test_output.py",
        "browser/site/test_quickstart.py",
        "browser/stand_ins/test_joblib.py",
        "browser/surroundings/test_modules.py",
        "browser/surroundings/test_settings.py",
        "browser/test_private_parts.py",
        "browser/waiting",
        "browser/wire",
        "browser/worker/test_set_ups.py",
        "contract/test_in_browser.py",
    )
)

#: Milliseconds: two workers and a kernel start at once on machines with two slow cores.
PAGE_TIMEOUT = 60_000

#: Seconds that a test may take which starts pages and kernels, unless it says another number.
LIMIT_IN_BROWSER = 240

# States come ten times a second, unless the machine has much else to do.
expect.set_options(timeout=20_000)


def pytest_configure(config: pytest.Config) -> None:
    """Have processes end that do not go on."""
    config.pluginmanager.register(stuck)


def pytest_report_header() -> str:
    """Say how to have the same run again."""
    faults = f"faults: {ROUNDS} rounds each, {BUDGET:g} s for more than one"
    return f"{faults}; {share.described()}; SEED={SEED}"


#: What other processes of this run have started.
COUNTS: Counter[str] = Counter()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the counts of a process of pytest-xdist that has ended."""
    COUNTS.update(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand this process's counts to the one that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["tally"] = tally.counts()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many pages and kernels were started, and in which files the time went."""
    counts = COUNTS + Counter(tally.counts())
    if counts:
        terminalreporter.write_line(sentence(counts))
    reports = [report for each in terminalreporter.stats.values() for report in each]
    for line in slowest_files(reports):
        terminalreporter.write_line(line)


@functools.cache
def folder(file: Path) -> str:
    """The folder of `tests` that a file is in."""
    return file.relative_to(ROOT / "tests").parts[0]


@functools.cache
def is_brief(file: Path) -> bool:
    """Whether `make test` has a file's tests that need a browser."""
    return not {file, *file.parents}.isdisjoint(BRIEF)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need a browser, and put the others first.

    The others are fast, and Playwright leaves an event loop running. A test that names a fixture
    only as it runs is known by its folder.

    Raises:
        pytest.UsageError: a test lies where no run would find it.
    """

    def rank(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        if "browser" in names or folder(item.path) == "browser":
            return 2
        return 1 if "site" in names else 0

    for item in items:
        needs_one = rank(item) > 0
        if needs_one:
            item.add_marker("browser")
            if not is_brief(item.path) or item.get_closest_marker("alone"):
                item.add_marker("long")
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(LIMIT_IN_BROWSER))
        if folder(item.path) in (WITHOUT if needs_one else WITH):
            raise pytest.UsageError(f"{item.nodeid} is in the wrong folder: no run would find it")
    items.sort(key=rank)
    if math.isfinite(share.SECONDS):
        items[:] = share.in_order(((item.path, item) for item in items), SEED)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin no test when the seconds of this run are over."""
    if share.over():
        pytest.skip(share.LEFT)


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
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site, whose kernels start a little sooner."""
    built = ROOT / "_output"
    if not (built / "index.html").exists():
        pytest.fail("there is no site: run `make site`", pytrace=False)
    return lean_site(built, tmp_path_factory.mktemp("sites") / "lean")


@pytest.fixture(scope="session")
def site(serve: Callable[..., str], site_folder: Path) -> str:
    """The URL of the built site."""
    return serve(site_folder)


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


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A profile whose traces are recorded, and whose errors are printed."""
    context = browser.new_context(**options)
    context.set_default_timeout(PAGE_TIMEOUT)
    # Pictures of every moment would cost more than the tests; `leave_artifacts` takes the last one.
    context.tracing.start(screenshots=False, snapshots=False)
    context.on("page", _count)
    context.on("weberror", lambda error: print("page error:", error.error))
    context.on("console", lambda m: print("console:", m.text) if m.type == "error" else None)
    return context


def _count(_: Page) -> None:
    tally.pages += 1


def leave_artifacts(context: BrowserContext, name: str) -> None:
    """Leave a screenshot of each page, and the trace, of a test that failed."""
    ARTIFACTS.mkdir(exist_ok=True)
    for number, page in enumerate(context.pages):
        page.screenshot(path=ARTIFACTS / f"{name}-{number}.png")
    context.tracing.stop(path=ARTIFACTS / f"{name}.zip")


class Pages:
    """Opens pages; leaves a trace and a screenshot of each where the test failed."""

    def __init__(self, browser: Browser, name: str) -> None:
        self._browser = browser
        self._name = name
        self._contexts: list[BrowserContext] = []

    def open(self, url: str = "", **options: Any) -> Page:
        context = new_context(self._browser, **options)
        self._contexts.append(context)
        page = context.new_page()
        if url:
            page.goto(url)
        return page

    def close(self, failed: bool) -> None:
        for number, context in enumerate(self._contexts):
            if failed:
                leave_artifacts(context, f"{self._name}-{number}")
            context.close()


def _file_name(node: pytest.Item | pytest.Collector) -> str:
    return "".join(c if c.isalnum() else "-" for c in node.nodeid).strip("-")


@pytest.fixture
def pages(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Pages]:
    """Opens pages that this test has to itself."""
    pages = Pages(browser, _file_name(request.node))
    yield pages
    pages.close(failed=_failed(request))


@pytest.fixture(scope="module")
def module_pages(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Pages]:
    """Opens pages that the tests of a module share."""
    pages = Pages(browser, _file_name(request.node))
    yield pages
    pages.close(failed=_failed(request))


def _failed(request: pytest.FixtureRequest) -> bool:
    """Whether a test has failed that the fixture was made for."""
    node = request.node
    return any(
        FAILED in item.stash for item in request.session.items if node in (item, item.parent)
    )


@pytest.fixture(scope="session")
def stock(browser: Browser, site: str) -> Iterator[Stock]:
    """Kernels that tests give back clean."""
    stock = Stock(lambda: new_lab(browser, site))
    yield stock
    stock.close()


def new_lab(browser: Browser, site: str) -> Page:
    """JupyterLab in a profile of its own."""
    page = new_context(browser).new_page()
    page.goto(f"{site}/lab/index.html")
    return page


def lend(stock: Stock, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """Lend a kernel of the stock; one whose test failed is not lent again."""
    kernel = stock.take()
    yield kernel
    if _failed(request):
        context = page_of(kernel).context
        leave_artifacts(context, _file_name(request.node))
        context.close()
    else:
        left = stock.give_back(kernel)
        if left:
            print(f"the kernel is not given to another test, for these are changed: {left}")


@pytest.fixture(scope="module")
def kernel(stock: Stock, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """A kernel that the tests of a module share."""
    yield from lend(stock, request)


@pytest.fixture
def fresh_kernel(stock: Stock, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """A kernel that this test has to itself."""
    yield from lend(stock, request)
