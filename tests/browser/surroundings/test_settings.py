"""A task's place and settings are those of the notebook when it was submitted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Pages
from tests.support.kernel import Kernel


@pytest.fixture(autouse=True)
def _start(kernel: Kernel) -> Iterator[None]:
    kernel.run(
        """
import locale, logging, os, random, sys, time, uuid, warnings
from jupyterlite_pool import current_worker, get_reusable_executor, pool_map

executor = get_reusable_executor(2)

def ask(function, *args):
    return executor.submit(function, *args).result()

before = os.getcwd(), list(sys.path), dict(os.environ), list(warnings.filters)
"""
    )
    yield
    kernel.run(
        """
os.chdir(before[0])
sys.path[:] = before[1]
os.environ.clear(); os.environ.update(before[2])
warnings.filters[:] = before[3]
sys.setrecursionlimit(1000)
logging.disable(logging.NOTSET)
"""
    )


def test_folder_path_and_variables(kernel: Kernel) -> None:
    kernel.run(
        """
os.makedirs("/drive/sub", exist_ok=True)
os.chdir("/drive/sub")
sys.path.insert(0, "/drive/extra"); sys.path.append("/drive/last")
os.environ["ADDED"] = "é"
removed = os.environ.pop("HOME")

def look():
    return os.getcwd(), list(sys.path), os.environ.get("ADDED"), "HOME" in os.environ
"""
    )
    assert kernel.value("list(ask(look)) == list(look())") is True
    assert kernel.value("ask(look)[2:]") == ["é", False]
    kernel.run("sys.path.remove('/drive/last')")
    assert kernel.value("ask(look)[1] == sys.path") is True


def test_a_folder_that_workers_do_not_have(kernel: Kernel) -> None:
    kernel.run("os.makedirs('/tmp/place', exist_ok=True); os.chdir('/tmp/place')")
    try:
        assert kernel.value("ask(os.getcwd)") == "/tmp/place"
    finally:
        kernel.run("os.chdir('/drive')")


def test_each_task_sees_what_was_when_it_was_submitted(kernel: Kernel) -> None:
    kernel.run(
        """
def look():
    return os.environ["WHEN"], sys.getrecursionlimit()

futures = []
for when in range(4):
    os.environ["WHEN"] = str(when)
    sys.setrecursionlimit(1000 + when)
    futures.append(executor.submit(look))
"""
    )
    assert kernel.value("[future.result() for future in futures]") == [
        ["0", 1000], ["1", 1001], ["2", 1002], ["3", 1003],
    ]  # fmt: skip


def test_time_zone_and_locale(kernel: Kernel) -> None:
    # Pyodide's time zone is the browser's, whatever the variable says, and cannot be set.
    kernel.run(
        """
def look():
    return time.tzname, time.localtime(0)[:5], locale.setlocale(locale.LC_ALL), os.environ["TZ"]

os.environ["TZ"] = "XYZ-3"
"""
    )
    assert kernel.value("list(look()) == list(ask(look))") is True
    kernel.run("locale.setlocale(locale.LC_ALL, 'C')")
    assert kernel.value("ask(look)[2]") == "C"
    kernel.run("locale.setlocale(locale.LC_ALL, '')")
    assert kernel.value("ask(look)[2] == look()[2] != 'C'") is True


def test_filters_of_warnings(kernel: Kernel) -> None:
    kernel.run(
        """
class Own(UserWarning):
    pass

def warn(kind=UserWarning):
    try:
        warnings.warn("w", kind)
    except Warning as warning:
        return type(warning).__name__
"""
    )
    kernel.run("warnings.simplefilter('error', UserWarning)")
    assert kernel.value("[warn(), ask(warn)]") == ["UserWarning"] * 2
    kernel.run("warnings.simplefilter('ignore')\nwarnings.simplefilter('error', Own)")
    assert kernel.value("[warn(), ask(warn)]") == [None, None]
    assert kernel.value("[warn(Own), ask(warn, Own)]") == ["Own", "Own"]


def test_levels_of_logging(kernel: Kernel) -> None:
    kernel.run(
        """
def enabled():
    names = ["", "some", "some.part"]
    return [logging.getLogger(name or None).isEnabledFor(logging.INFO) for name in names]
"""
    )
    assert kernel.value("ask(enabled)") == [False, False, False]
    kernel.run("logging.getLogger('some').setLevel(logging.DEBUG)")
    assert kernel.value("[enabled(), ask(enabled)]") == [[False, True, True]] * 2
    kernel.run("logging.disable(logging.CRITICAL)")
    assert kernel.value("[enabled(), ask(enabled)]") == [[False, False, False]] * 2
    kernel.run("logging.disable(logging.NOTSET); logging.getLogger('some').setLevel(0)")
    assert kernel.value("ask(enabled)") == [False, False, False]


def test_workers_share_no_stream_of_random_numbers_and_no_names(kernel: Kernel) -> None:
    kernel.run(
        """
def draw():
    import secrets, tempfile
    worker = current_worker()
    return (
        os.getpid() == worker.pid,
        worker.pid,
        random.random(),
        secrets.token_hex(8),
        str(uuid.uuid4()),
        tempfile.mktemp(),
        random.Random().random(),
    )

drawn = executor.run_everywhere(draw)
"""
    )
    assert kernel.value("all(same for same, *_ in drawn)") is True
    assert kernel.value("[len(set(column)) for column in list(zip(*drawn))[1:]]") == [2] * 6


def test_what_is_drawn_after_a_seeded_item_is_new(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool import get_reusable_executor, pool_map

def draw(_=0):
    return random.random()

def after():
    pool_map(draw, [0], seed=7, max_workers=1)
    return get_reusable_executor().run_everywhere(draw)

drawn = [number for _ in range(3) for number in after()]
"""
    )
    assert kernel.value("len(set(drawn)) == len(drawn)") is True


def test_a_seed_holds_where_items_run_one_by_one(kernel: Kernel) -> None:
    kernel.run(
        """
def draw(_):
    return random.random()

def inside(_):
    return list(pool_map(draw, range(4), seed=5))

outside = list(pool_map(draw, range(4), seed=5))
"""
    )
    assert kernel.value("list(pool_map(inside, [0]))[0] == outside") is True


def test_a_seed_gives_each_item_its_own_stream(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool import pool_map

def draw(_):
    return random.random(), random.gauss(0, 1)

one = list(pool_map(draw, range(12), seed=7, max_workers=1))
two = list(pool_map(draw, range(12), seed=7, chunksize=1))
"""
    )
    assert kernel.value("one == two and len(set(one)) == 12") is True


@pytest.mark.long  # it has a browser's profile, and so a kernel, of its own
def test_workers_have_the_time_zone_of_the_browser(site: str, pages: Pages) -> None:
    """The snapshot was made elsewhere."""
    page = pages.open(timezone_id="Asia/Kolkata")
    page.goto(f"{site}/lab/index.html")
    kernel = Kernel(page)
    kernel.run(
        """
import datetime, time
from jupyterlite_pool import pool_map

def look(_):
    named = time.strftime("%Z %z"), datetime.datetime.now().astimezone().tzname()
    return [time.tzname, time.timezone, time.altzone, time.daylight, named, time.localtime(0)[:5]]
"""
    )
    assert kernel.value("look(0)[1]") == -19800
    assert kernel.value("list(pool_map(look, range(4))) == [look(0)] * 4") is True
