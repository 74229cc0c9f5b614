"""A stranger's notebook, once as it is and once with its loops on the pool: both show the same."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.kernel import Kernel, Reply
from tests.support.wheels import INICONFIG, MSGPACK, XXHASH, Wheels, download, download_compiled

#: What both have in common: how a list is worked off.
SERIAL = """
def work(function, items):
    done = []
    for item in items:
        try:
            done.append(function(item))
        except Exception as error:
            done.append(error)
    return done

def each(function, items):
    return [function(item) for item in items]
"""
POOLED = """
import asyncio
from jupyterlite_pool import get_reusable_executor, pool_map

executor = get_reusable_executor(2)
while len(executor.ready_workers) < 2:
    await asyncio.sleep(0.05)

#: Of each loop: how many items ran, and on how many workers.
ran = []

def work(function, items):
    result = pool_map(
        function, items, group_outputs="item", return_exceptions=True, progress=False
    )
    values = list(result)
    timings = result.timeline()
    ran.append([len(timings), len({timing.worker for timing in timings} - {None})])
    return values

def each(function, items):
    return list(pool_map(function, items, progress=False))
"""

#: The notebook, cell by cell. Packages are installed, and the module is edited, on the way.
CELLS = [
    """
import csv, logging, os, pathlib, random, sys, warnings
folder = pathlib.Path("/drive/NAME")
folder.mkdir(exist_ok=True)
os.chdir(folder)
sys.path.insert(0, str(folder))
warnings.simplefilter("always")
logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(message)s", force=True)
pathlib.Path("own_NAME.py").write_text("def score(x):\\n    return x * x\\n")
import importlib; importlib.invalidate_caches()
import own_NAME
""",
    """
def produce(i):
    with open(f"in-{i:03}.csv", "w", newline="") as file:
        csv.writer(file).writerows([[i, own_NAME.score(i)], ["ä", "b,c"]])
    if i % 50 == 0:
        print("wrote", i)
        logging.info("file %s", i)
    return own_NAME.score(i)
first = work(produce, range(100))
""",
    "INSTALL",
    """
pathlib.Path("own_NAME.py").write_text("def score(x):\\n    return x * x + 1\\n")
importlib.reload(own_NAME)
""",
    """
import iniconfig, msgpack, xxhash
def digest(i):
    import xxhash
    with open(f"in-{i:03}.csv", newline="") as file:
        rows = list(csv.reader(file))
    limits = iniconfig.IniConfig("limits.ini", f"[own]\\nlimit = {i}\\n")
    packed = msgpack.packb([rows, own_NAME.score(i), limits["own"]["limit"]])
    pathlib.Path(f"out-{i:03}.bin").write_bytes(packed)
    if i % 40 == 7:
        warnings.warn(f"odd {i}")
        display({"text/html": f"<i>{i}</i>"}, raw=True)
    if i % 60 == 11:
        raise ValueError(f"no {i}")
    return xxhash.xxh64_hexdigest(packed)
second = work(digest, range(100))
""",
    """
pathlib.Path("own_NAME.py").write_text("LIMIT = 5\\ndef score(x):\\n    return min(x, LIMIT)\\n")
importlib.reload(own_NAME)
class Row:
    def __init__(self, i):
        self.i = i
    def total(self):
        return own_NAME.score(self.i), len(pathlib.Path(f"out-{self.i:03}.bin").read_bytes())
third = work(lambda row: print(row.i, *row.total(), file=sys.stderr) or row.total(),
             [Row(i) for i in range(0, 100, 10)])
""",
]

#: What came of it.
RESULT = """[
    first, third, len(os.listdir(".")),
    [pathlib.Path(f"out-{i:03}.bin").read_bytes().hex() for i in range(0, 100, 10)],
    [[type(x).__name__, str(x)] if isinstance(x, Exception) else x for x in second],
]"""


@pytest.fixture
def _wheels(kernel: Kernel, wheels: Wheels) -> None:
    for requirement in (MSGPACK, XXHASH):
        download_compiled(requirement)
    download(INICONFIG)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_wheels")
def test_it_gives_the_same_results_and_shows_the_same(kernel: Kernel, wheels: Wheels) -> None:
    seen = []
    for name, work in (("serial", SERIAL), ("pooled", POOLED)):
        kernel.run(work)
        shown = []
        for source in CELLS:
            if source == "INSTALL":
                kernel.run(
                    "import micropip; micropip.uninstall(['iniconfig', 'msgpack', 'xxhash'])\n"
                    "for name in [n for n in sys.modules if n.split('.')[0] in\n"
                    "             ('iniconfig', 'msgpack', 'xxhash')]: del sys.modules[name]"
                )
                wheels.install_compiled(kernel, MSGPACK, XXHASH)
                wheels.install(kernel, INICONFIG)
            else:
                shown.append(what_is_shown(kernel.run(source.replace("NAME", name))))
        raised = kernel.fails("each(digest, [3, 71])")
        shown.append([("error", raised["ename"]), ("error", raised["evalue"])])
        seen.append((kernel.value(RESULT), shown))
        kernel.run(f"os.chdir('/drive'); sys.path.remove('/drive/{name}')")
    serial, pooled = seen
    assert pooled[0] == serial[0]
    assert pooled[1] == serial[1]
    # There was something to see.
    text = "".join(str(part) for cell in serial[1] for part in cell)
    for word in ("wrote 50", "INFO:file 50", "UserWarning: odd 47", "<i>7</i>"):
        assert word in text
    assert ["ValueError", "no 11"] in serial[0][-1]
    assert serial[1][-1][-1] == ("error", "no 71")
    # And both workers had a part in the two hundred tasks that read and write files.
    assert kernel.value("ran[:2]") == [[100, 2], [100, 2]]


def what_is_shown(reply: Reply) -> list[Any]:
    """A cell's output as a notebook keeps it; cells have other numbers the second time."""
    parts: list[Any] = []
    for output in reply.outputs:
        if output["type"] == "stream":
            if parts and parts[-1][0] == output["name"]:
                parts[-1] = (output["name"], parts[-1][1] + output["text"])
            else:
                parts.append((output["name"], output["text"]))
        elif output["type"] in ("display_data", "error"):
            parts.append((output["type"], output.get("data")))
    return [
        (kind, re.sub(r"<ipython-input-\d+-\w+>", "<cell>", data) if type(data) is str else data)
        for kind, data in parts
    ]
