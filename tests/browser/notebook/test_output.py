"""What tasks print and display appears where it belongs, and in which order."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel, Output, Reply


@pytest.fixture(scope="module", autouse=True)
def _start(kernel: Kernel) -> None:
    kernel.run(
        """
import asyncio, base64, logging, sys, warnings
from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map

executor = get_reusable_executor(2)
while len(executor.ready_workers) < 2:
    await asyncio.sleep(0.05)
"""
    )


def shown(reply: Reply, kind: str) -> list[Output]:
    """What was displayed that has a form of some kind."""
    return [output for output in reply.displays() if kind in output["data"]]


def test_print_stderr_logging_and_warnings_come_in_their_order(kernel: Kernel) -> None:
    kernel.run(
        """
def talk(x):
    print("out", x)
    print("err", x, file=sys.stderr)
    logging.warning("log %s", x)
    warnings.warn(f"warn {x}", stacklevel=1)
    print("end", x)
"""
    )
    # The same cell twice: here, and on a worker.
    kernel.run("import warnings\nwarnings.simplefilter('always')")
    serial = kernel.run("talk(1)")
    pooled = kernel.run("executor.submit(talk, 1).result()")
    assert text_of(serial) == text_of(pooled)
    assert "UserWarning: warn 1" in pooled.stderr
    assert [name for name, _ in text_of(pooled)] == ["stdout", "stderr", "stdout"]


def text_of(reply: Reply) -> list[tuple[str, str]]:
    """The streams in order, joined as a notebook joins them."""
    found: list[tuple[str, str]] = []
    for output in reply.outputs:
        if output["type"] != "stream":
            continue
        if found and found[-1][0] == output["name"]:
            found[-1] = (output["name"], found[-1][1] + output["text"])
        else:
            found.append((output["name"], output["text"]))
    return found


def test_logging_is_set_as_in_the_notebook(kernel: Kernel) -> None:
    kernel.run(
        """
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
own = logging.getLogger("own")
own.setLevel(logging.INFO)
own.addHandler(handler)
own.propagate = False

def log(x):
    logging.getLogger("own").info("item %s", x)
    logging.getLogger("own").debug("not seen")
    logging.getLogger("own.part").error("part")
"""
    )
    expected = "INFO own: item 3\nERROR own.part: part\n"
    assert kernel.run("log(3)").stdout == expected
    assert kernel.run("executor.submit(log, 3).result()").stdout == expected
    kernel.run("own.setLevel(logging.ERROR)")
    assert kernel.run("executor.submit(log, 3).result()").stdout == "ERROR own.part: part\n"
    kernel.run("own.removeHandler(handler); own.setLevel(logging.NOTSET); own.propagate = True")
    assert kernel.run("executor.submit(log, 3).result()").stdout == ""


def test_a_handler_that_a_module_adds_itself_writes_once(kernel: Kernel) -> None:
    kernel.run(
        """
import importlib, pathlib
pathlib.Path("/drive/logs.py").write_text('''
import logging
log = logging.getLogger("logs")
log.setLevel(logging.INFO)
log.addHandler(logging.StreamHandler())
log.propagate = False

def work(x):
    log.info("item %s", x)
''')
importlib.invalidate_caches()
import logs
"""
    )
    assert kernel.run("logs.work(3)").stderr == "item 3\n"
    for _ in range(2):
        assert kernel.run("executor.submit(logs.work, 4).result()").stderr == "item 4\n"


PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def test_rich_objects_are_displayed(kernel: Kernel) -> None:
    kernel.run(
        f"""
class Table:
    def _repr_html_(self):
        return "<table></table>"
    def __repr__(self):
        return "a table"

class Picture:
    def _repr_png_(self):
        return base64.b64decode("{PNG}")
    def _repr_svg_(self):
        return "<svg/>", {{"isolated": True}}

def show(x):
    print("before")
    display(Table(), metadata={{"x": x}})
    display(Picture())
    print("after")
    display({{"text/markdown": "*raw*"}}, raw=True)
"""
    )
    reply = kernel.run("executor.submit(show, 5).result()")
    table, picture, raw = reply.displays()
    assert table["data"] == {"text/html": "<table></table>", "text/plain": "a table"}
    assert table["metadata"] == {"x": 5}
    assert picture["data"]["image/png"] == PNG
    assert picture["data"]["image/svg+xml"] == "<svg/>"
    assert picture["metadata"] == {"image/svg+xml": {"isolated": True}}
    assert raw["data"] == {"text/markdown": "*raw*"}
    kinds = [output["type"] for output in reply.outputs if output not in reply.cards()]
    wanted = ["execute_input", "stream", "display_data", "display_data", "stream", "display_data"]
    assert [kind for kind in kinds if kind in wanted][-5:] == wanted[1:]


def test_objects_of_ipython_are_displayed_as_in_the_notebook(kernel: Kernel) -> None:
    kernel.run(
        """
from IPython.display import HTML, SVG, display, update_display

def show():
    display(HTML("<b>bold</b>"))
    handle = display(SVG("<svg xmlns='http://www.w3.org/2000/svg'></svg>"), display_id="mine")
    handle.update(HTML("changed"))
    update_display({1: [2, 3]}, display_id="mine")
"""
    )
    serial = kernel.run("show()")
    pooled = kernel.run("executor.submit(show).result()")

    def all_of(reply: Reply) -> list[tuple[object, ...]]:
        return [(o["type"], o["data"], o.get("transient")) for o in reply.displays()]

    assert len(pooled.displays()) == 4
    assert all_of(pooled) == all_of(serial)


def test_pictures_of_ipython_are_displayed_as_in_the_notebook(kernel: Kernel) -> None:
    kernel.run(
        f"""
from IPython.display import HTML, SVG, Image, display
png = base64.b64decode("{PNG}")

def show():
    display(Image(data=png, width=20))
    display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>"), HTML("<b>bold</b>"))
"""
    )
    serial = kernel.run("show()").displays()
    pooled = kernel.run("executor.submit(show).result()").displays()
    image, svg, html = (output["data"] for output in pooled)
    assert image["image/png"].strip() == PNG
    assert svg["image/svg+xml"].startswith("<svg")
    assert html["text/html"] == "<b>bold</b>"
    assert pooled[0]["metadata"] == {"image/png": {"width": 20}}
    assert [[o["data"], o["metadata"]] for o in pooled] == [
        [o["data"], o["metadata"]] for o in serial
    ]


def test_output_of_a_background_job_goes_to_the_cell_that_started_it(kernel: Kernel) -> None:
    kernel.run(
        """
def wait_for(name):
    import os, time
    deadline = time.monotonic() + 30
    while not os.path.exists(f"/drive/{name}"):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)
    print("late", name)
    display(name)
"""
    )
    first = kernel.run(
        """
job = pool_map(wait_for, ["go-1"], block=False)
future = executor.submit(wait_for, "go-2")
"""
    )
    assert first.stdout == ""
    second = kernel.run(
        """
for name in ["go-1", "go-2"]:
    open(f"/drive/{name}", "w").close()
job.wait(); future.result()
print("mine")
"""
    )
    assert second.stdout == "mine\n"
    assert second.displays() == []
    again = kernel.look_again(first)
    assert sorted(again.stdout.splitlines()) == ["late go-1", "late go-2"]
    texts = [output["data"]["text/plain"] for output in again.displays()]
    assert {"'go-1'", "'go-2'"} <= set(texts)


def test_lines_of_tasks_are_never_mixed(kernel: Kernel) -> None:
    kernel.run(
        """
def half(x):
    import time
    for i in range(5):
        print(f"{x}:", end="", flush=True)
        time.sleep(0.02)
        print(f"{x};", end="" if i == 4 else "\\n", flush=True)
"""
    )
    reply = kernel.run("_ = pool_map(half, 'abcd', chunksize=1, progress=False)")
    for line in reply.stdout.splitlines():
        assert len({*line} & {*"abcd"}) == 1, line
    assert reply.stdout.replace("\n", "").count(";") == 20


def test_output_is_grouped_on_request(kernel: Kernel) -> None:
    kernel.run(
        """
def talk(x):
    import time
    from jupyterlite_pool import current_worker
    print("begin", x)
    time.sleep(0.05 if x % 2 else 0.0)
    display(x)
    print("end", x)
    return current_worker().id
"""
    )
    line = "--group-outputs {} -c 1 talk range(6)"
    reply = kernel.run("r = %pool_map " + line.format("item"))
    assert reply.stdout == "".join(f"begin {x}\nend {x}\n" for x in range(6))
    texts = [output["data"]["text/plain"] for output in reply.displays()]
    assert [text for text in texts if text.isdigit()] == [str(x) for x in range(6)]
    assert kernel.value("r.stdout[3]") == "begin 3\nend 3\n"

    reply = kernel.run("r = %pool_map " + line.format("worker"))
    blocks = reply.stdout.split("[worker ")[1:]
    workers = kernel.value("list(r)")
    assert [int(block.partition("]")[0]) for block in blocks] == sorted(set(workers))
    for block in blocks:
        number, _, rest = block.partition("]\n")
        items = [x for x in range(6) if workers[x] == int(number)]
        assert sorted(rest.split("\n")[:-1]) == sorted(f"{w} {x}" for x in items for w in WORDS)

    reply = kernel.run("%pool_map --group-outputs time talk range(6)")
    assert "--group-outputs expects order or item or worker, not 'time'" in reply.stderr


WORDS = ("begin", "end")


def test_lines_are_seen_while_their_task_runs(kernel: Kernel) -> None:
    code = """
import os, time
def talk(_):
    print("one")
    print("two")
    end = time.monotonic() + 30
    while not os.path.exists("/drive/seen") and time.monotonic() < end:
        time.sleep(0.05)
    return os.path.exists("/drive/seen")
saw = list(pool_map(talk, [1], progress=False))
"""
    kernel.page.evaluate("code => { window.live = window.poolTest.run(code); }", code)
    kernel.page.evaluate(
        """async () => {
          const isThere = ({ type, text }) => type === 'stream' && text.includes('two');
          while (!window.poolTest.outputs.current.some(isThere)) {
            await new Promise(resolve => setTimeout(resolve, 20));
          }
          const file = { type: 'file', format: 'text', content: '' };
          await window.jupyterapp.serviceManager.contents.save('seen', file);
          await window.live;
        }"""
    )
    assert kernel.value("saw") == [True]


def test_a_flood_of_displays_ends_with_a_notice(kernel: Kernel) -> None:
    kernel.run("def shows(x):\n    for i in range(600): display(i)")
    reply = kernel.run("_ = pool_map(shows, range(2), progress=False)")
    assert len(reply.displays()) == 1000
    assert "the first 1000 lines of tasks are shown" in reply.stderr


def test_a_flood_of_lines_ends_with_a_notice(kernel: Kernel) -> None:
    kernel.run("def flood(x):\n    for i in range(400):\n        print(x, i)")
    reply = kernel.run("r = pool_map(flood, range(4), progress=False)")
    assert reply.stdout.count("\n") == 1000
    assert "the first 1000 lines of tasks are shown" in reply.stderr
    assert kernel.value("sum(text.count('\\n') for text in r.stdout.values())") == 1600
    # The next cell has room of its own.
    assert kernel.run("_ = pool_map(flood, [1], progress=False)").stdout.count("\n") == 400
