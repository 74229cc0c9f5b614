"""Packages that a notebook installs are there for its tasks, at the same version."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from serve import Handler

from tests.conftest import ROOT, Pages
from tests.support.door import DOOR
from tests.support.kernel import Kernel
from tests.support.wheels import (
    INICONFIG,
    MSGPACK,
    OLD_INICONFIG,
    OLD_JEDI,
    OLD_MSGPACK,
    OLD_PYGMENTS,
    PYDANTIC_CORE,
    TYPING_EXTENSIONS,
    XXHASH,
    Wheels,
    download_compiled,
)

#: Two workers that stay, and what tells them apart.
START = """
import asyncio, importlib, os, sys
from importlib.metadata import version
from jupyterlite_pool import WorkerPoolExecutor, pool_map
from jupyterlite_pool.jobs.options import MapOptions

executor = WorkerPoolExecutor(2)
while len(executor.ready_workers) < 2:
    await asyncio.sleep(0.05)

def ask(function, *args):
    return executor.submit(function, *args).result()

def version_of(name):
    from importlib.metadata import version
    return version(name)
"""


@pytest.fixture(autouse=True)
def _executor(kernel: Kernel) -> Iterator[None]:
    kernel.run(DOOR + START)
    yield
    kernel.run("executor.terminate_workers()")


def uninstall(kernel: Kernel, *names: str) -> None:
    kernel.run(f"import micropip; micropip.uninstall({list(names)})")


def test_a_package_that_is_installed_while_workers_wait_is_there_for_the_next_task(
    kernel: Kernel, wheels: Wheels
) -> None:
    assert kernel.value("ask(abs, -1)") == 1
    wheels.install(kernel, OLD_INICONFIG)
    kernel.run(
        """
def sections(text):
    import iniconfig
    return [section.name for section in iniconfig.IniConfig("x.ini", text)]
"""
    )
    try:
        assert kernel.value("ask(sections, '[a]\\n[b]\\n')") == ["a", "b"]
        assert kernel.value("ask(version_of, 'iniconfig')") == "2.0.0"
        assert kernel.value("version('iniconfig')") == "2.0.0"
    finally:
        uninstall(kernel, "iniconfig")


def test_a_package_of_an_index_is_there_in_the_version_that_pip_has_chosen(
    kernel: Kernel, wheels: Wheels
) -> None:
    wheels.serve_index(kernel, OLD_INICONFIG, INICONFIG)
    kernel.run("%pip install iniconfig<2.1")
    kernel.run("def use():\n    import iniconfig\n    return version_of(iniconfig.__name__)")
    try:
        assert kernel.value("version('iniconfig')") == "2.0.0"
        assert kernel.value("ask(use)") == "2.0.0"
    finally:
        uninstall(kernel, "iniconfig")


def test_an_upgrade_replaces_the_workers_that_have_imported_it_and_no_others(
    kernel: Kernel, wheels: Wheels
) -> None:
    wheels.install(kernel, OLD_INICONFIG)
    kernel.run(
        """
def used(_):
    import iniconfig
    from importlib.metadata import version
    return version("iniconfig"), os.getpid(), hasattr(iniconfig, "__file__")

def number(_):
    return os.getpid()

[old] = pool_map(used, [0], max_workers=1)
"""
    )
    kernel.run("mine = ask(used, 0); pids = set(executor.run_everywhere(os.getpid))")
    wheels.install(kernel, INICONFIG, again=True)
    kernel.run(
        """
from concurrent.futures import wait
again = [executor.submit(used, 0) for _ in range(8)]
wait(again)
seen = [future.result() for future in again]
after = set(executor.run_everywhere(os.getpid))
"""
    )
    try:
        assert kernel.value("mine[0]") == "2.0.0"
        assert kernel.value("{version for version, *_ in seen} == {'2.1.0'}") is True
        assert kernel.value("mine[1] in after") is False
        assert kernel.value("len(pids & after)") == 1
    finally:
        uninstall(kernel, "iniconfig")


def test_what_was_removed_cannot_be_imported_by_tasks_either(
    kernel: Kernel, wheels: Wheels
) -> None:
    wheels.install(kernel, INICONFIG)
    kernel.run("def find(name):\n    return importlib.util.find_spec(name) is not None")
    kernel.run("import importlib.util")
    assert kernel.value("executor.run_everywhere(find, 'iniconfig')") == [True, True]
    uninstall(kernel, "iniconfig")
    assert kernel.value("find('iniconfig')") is False
    assert kernel.value("[ask(find, 'iniconfig') for _ in range(4)]") == [False] * 4
    error = kernel.fails("ask(version_of, 'iniconfig')")
    assert "PackageNotFoundError" in error["ename"]
    # It comes back, too, with the files that the workers have kept.
    wheels.install(kernel, INICONFIG)
    try:
        assert kernel.value("ask(version_of, 'iniconfig')") == "2.1.0"
    finally:
        uninstall(kernel, "iniconfig")


def test_packages_that_are_compiled_for_pyodide(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install_compiled(kernel, MSGPACK, XXHASH, PYDANTIC_CORE)
    wheels.install(kernel, TYPING_EXTENSIONS)
    kernel.run(
        """
def use(x):
    import msgpack, xxhash
    from pydantic_core import SchemaValidator, core_schema
    packed = msgpack.packb({"x": x})
    checked = SchemaValidator(core_schema.int_schema()).validate_python(str(x))
    return msgpack.unpackb(packed), xxhash.xxh64_hexdigest(packed), checked, type(msgpack.Packer())
"""
    )
    kernel.run("here, there = use(7), ask(use, 7)")
    try:
        assert kernel.value("here == there") is True
        assert kernel.value("there[3].__module__") == "msgpack._cmsgpack"
    finally:
        uninstall(kernel, "msgpack", "xxhash", "pydantic-core", "typing-extensions")


def test_a_compiled_package_can_be_upgraded(kernel: Kernel, wheels: Wheels) -> None:
    kernel.run("def release(_):\n    import msgpack\n    return msgpack.version")
    wheels.install_compiled(kernel, OLD_MSGPACK)
    assert kernel.value("ask(release, 0)") == [1, 2, 3]
    uninstall(kernel, "msgpack")
    wheels.install_compiled(kernel, MSGPACK)
    try:
        assert kernel.value("[ask(release, 0) for _ in range(4)]") == [[1, 2, 4]] * 4
    finally:
        uninstall(kernel, "msgpack")


def test_a_wheel_of_the_drive(kernel: Kernel, wheels: Wheels) -> None:
    wheel = download_compiled(XXHASH)
    kernel.run(
        f"""
import pyodide.http
response = await pyodide.http.pyfetch({wheels.compiled_url(XXHASH)!r})
with open("/drive/{wheel.name}", "wb") as file:
    file.write(await response.bytes())
%pip install emfs:/drive/{wheel.name}
os.remove("/drive/{wheel.name}")
def hashed(data):
    import xxhash
    return xxhash.xxh64_hexdigest(data)
"""
    )
    try:
        assert kernel.value("ask(hashed, b'x')") == "5c80c09683041123"
    finally:
        uninstall(kernel, "xxhash")


def test_files_are_sent_once_and_only_what_is_new(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install(kernel, INICONFIG)
    kernel.run(
        """
sent = []
backend = executor._pool.backend
put = backend.put
def note(key, encoded):
    sent.append((key.split(":")[:2], len(encoded.payload)))
    put(key, encoded)
backend.put = note
ask(abs, -1)
os.environ["CHANGED"] = "1"
ask(abs, -1)
"""
    )
    try:
        packages = "[size for kind, size in sent if kind == ['environment', 'packages']]"
        assert kernel.value(f"len({packages})") == 1
        wheels.install(kernel, TYPING_EXTENSIONS)
        kernel.run("ask(version_of, 'typing-extensions'); ask(version_of, 'iniconfig')")
        first, second = kernel.value(packages)
        assert first < 50_000 < second < 250_000  # one small package, then one of 180 kB
    finally:
        kernel.run("del os.environ['CHANGED']")
        uninstall(kernel, "iniconfig", "typing-extensions")


#: Notes the frames that go to workers, each with the place of its worker's port among the ports.
WATCH_FRAMES = """
watch = '''void (() => {
  const { postMessage } = MessagePort.prototype;
  const ports = [];
  globalThis.poolFrames = [];
  MessagePort.prototype.postMessage = function (frame, ...rest) {
    if (['put', 'run'].includes(frame?.kind)) {
      ports.includes(this) || ports.push(this);
      globalThis.poolFrames.push([ports.indexOf(this), frame.kind, frame.key ?? '']);
    }
    return postMessage.call(this, frame, ...rest);
  };
})()'''
await in_broker(executor, watch)

async def frames(kind, prefix=""):
    told = await in_broker(executor, "poolFrames")
    return [port for port, k, key in told if k == kind and key.startswith(prefix)]
"""


def test_a_worker_that_runs_no_task_is_sent_nothing(kernel: Kernel, wheels: Wheels) -> None:
    kernel.run("ask(abs, -1)")
    kernel.run(WATCH_FRAMES)
    wheels.install(kernel, INICONFIG)
    packages = "await frames('put', 'environment:packages:')"
    try:
        kernel.run(
            "names = [['iniconfig'] * 5]\n"
            "options = MapOptions(max_workers=1, chunksize=1)\n"
            "job = executor._pool.start_job(version_of, names, options)\n"
            "await asyncio.wrap_future(job.settled)"
        )
        assert kernel.value("list(job.outcomes.values.values())") == ["2.1.0"] * 5
        assert kernel.value("set(await frames('run') + await frames('put')) == {0}") is True
        assert kernel.value(packages) == [0]
        # The other one has it when it first runs a task.
        kernel.run("both = executor.run_everywhere(version_of, 'iniconfig')")
        assert kernel.value("both") == ["2.1.0", "2.1.0"]
        assert kernel.value(packages) == [0, 1]
    finally:
        uninstall(kernel, "iniconfig")


def test_what_the_kernel_has_for_itself_is_loaded_when_a_task_imports_it(kernel: Kernel) -> None:
    kernel.run(
        """
def there(_):
    return "IPython" in sys.modules, importlib.util.find_spec("png") is not None

def bold(text):
    from IPython.display import HTML
    import IPython
    return HTML(f"<b>{text}</b>").data, IPython.__version__
"""
    )
    assert kernel.value("ask(there, 0)[0]") is False
    kernel.run("import IPython")
    assert kernel.value("list(ask(bold, 'x')) == ['<b>x</b>', IPython.__version__]") is True


def test_workers_download_no_file_that_the_kernel_has(
    pages: Pages, serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve(ROOT / "_output")  # where no other page has been
    bodies: list[str] = []
    answer = Handler.send_response

    def note(handler: Handler, code: int, message: str | None = None) -> None:
        if code == 200 and handler.headers["Host"] == urlsplit(url).netloc:
            bodies.append(handler.path)
        answer(handler, code, message)

    monkeypatch.setattr(Handler, "send_response", note)
    page = pages.open()
    page.goto(f"{url}/lab/index.html")
    kernel = Kernel(page)
    kernel.run(START)
    kernel.run("import IPython\ndef loaded():\n    import IPython\n    return IPython.__version__")
    assert [path for path in bodies if "/ipython-" in path]
    before = len(bodies)
    assert kernel.value("executor.run_everywhere(loaded) == [IPython.__version__] * 2") is True
    assert [path for path in bodies[before:] if ".whl" in path or ".zip" in path] == []


def test_another_version_of_what_the_kernel_needs_is_that_of_tasks_too(
    fresh_kernel: Kernel, wheels: Wheels
) -> None:
    kernel = fresh_kernel
    kernel.run(START)
    kernel.run(
        """
import importlib.metadata

def release(_):
    import pygments
    return pygments.__version__

def beside_ipython(_):
    import IPython.core.ultratb
    import pygments.lexers
    return [found.version for found in importlib.metadata.distributions(name="pygments")]
"""
    )
    # The lock file's own, which IPython brings where it is imported: these workers have to go.
    kernel.run("first = [ask(beside_ipython, 0) for _ in range(4)]")
    assert kernel.value("first == [[version('pygments')]] * 4") is True
    wheels.install(kernel, OLD_PYGMENTS)
    assert kernel.value("[ask(release, 0) for _ in range(4)]") == ["2.18.0"] * 4
    assert kernel.value("ask(beside_ipython, 0)") == ["2.18.0"]


def test_another_version_of_what_the_kernel_is_made_of_is_refused_with_the_reason(
    kernel: Kernel, wheels: Wheels
) -> None:
    wheels.install(kernel, OLD_JEDI)
    kernel.run("def complete():\n    import jedi\n    return jedi.__version__")
    error = kernel.fails("ask(complete)")
    assert "ImportError" in error["ename"]
    text = "\n".join(error["traceback"])
    assert (
        "could not load jedi 0.19.1, which the notebook has: the kernel itself is made of" in text
    )


def test_a_package_is_known_by_any_spelling_of_its_name(
    pages: Pages, serve: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(ROOT / "_output", folder, copy_function=os.link)
    file = folder / "static" / "pyodide-lock" / "pyodide-lock.json"
    lock = json.loads(file.read_text("utf-8"))
    lock["packages"]["pypng"]["name"] = "PyPNG"
    file.unlink()  # it is the one file of both sites
    file.write_text(json.dumps(lock), "utf-8")
    kernel = Kernel(pages.open(f"{serve(folder)}/lab/index.html"))
    kernel.run(
        """
import png
from jupyterlite_pool import pool_map

def load(name):
    import pyodide_js
    from jupyterlite_pool.worker.entry import LockLoader
    loader = LockLoader()
    problem = loader.load_now(name)
    there = pyodide_js.loadedPackages.to_py()
    loader.note_removed(name)
    return problem, "PyPNG" in there, "PyPNG" in pyodide_js.loadedPackages.to_py()
"""
    )
    assert kernel.value("pool_map(load, ['pypng'])[0]") == [None, True, False]


def test_a_package_that_cannot_be_had_fails_only_the_tasks_that_import_it(
    pages: Pages, serve: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(ROOT / "_output", folder)
    kernel = Kernel(pages.open(f"{serve(folder)}/lab/index.html"))
    kernel.run("import png\nfrom jupyterlite_pool import pool_map")
    [wheel] = (folder / "static" / "pyodide-lock").glob("pypng-*.whl")
    wheel.unlink()
    kernel.run("def use(x):\n    import png\n    return png.__name__")
    kernel.run("def other(x):\n    return -x")
    assert kernel.value("list(pool_map(other, [1, 2]))") == [-1, -2]
    error = kernel.fails("pool_map(use, [1])")
    text = "\n".join(error["traceback"])
    assert "ImportError" in error["ename"]
    named = r"the worker could not load pypng 0\.20220715\.0, which the notebook has: (.+)\. Do"
    [reason] = set(re.findall(named, text))
    # In the browser's own words.
    assert re.fullmatch(r"The following error occurred while loading pypng: \w.+", reason)
    assert "item 0 of 1 (args: 1)" in text


def test_the_card_says_that_workers_are_being_prepared(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool.notebook.progress import Progress
phases = []
job = executor._pool.start_job(abs, [[-1]])
import png
class Watched(type(job.preparing)):
    def add(self, worker):
        super().add(worker)
        phases.append(Progress.of(job, "", 2).phase)
job = executor._pool.start_job(abs, [[-1, -2]])
job.preparing = Watched()
while job.active:
    await asyncio.sleep(0.01)
phases.append(Progress.of(job, "", 2).phase)
"""
    )
    assert kernel.value("phases[0]") == "preparing"
    assert kernel.value("phases[-1]") == "done"
