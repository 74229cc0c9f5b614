"""Private parts of Pyodide and of JupyterLite's kernel that this package reaches into.

Each test is named after the part, and runs one cell. When Pyodide or the kernel changes the part,
its test fails, and the file named in the test is where to look. Parts that ordinary Python also has
are in `tests/unit/architecture/test_private_parts.py`.
"""

from __future__ import annotations

from tests.support.kernel import Kernel


def test_pyodide_webloop_run_sync_is_what_time_sleep_waits_with(kernel: Kernel) -> None:
    # waiting/suspending_lock.py
    kernel.run(
        """
import sys, time
webloop = sys.modules["pyodide.webloop"]
seen, theirs = [], webloop.run_sync

def noting(awaitable):
    seen.append(awaitable)
    return theirs(awaitable)

webloop.run_sync = noting
try:
    time.sleep(0.001)
finally:
    webloop.run_sync = theirs
"""
    )
    assert kernel.value("len(seen)") == 1


def test_pyodide_loop_calls_its_keyboard_interrupt_handler(kernel: Kernel) -> None:
    # commands/interrupt.py
    kernel.run(
        """
import asyncio
loop = asyncio.get_event_loop()
told, theirs = [], loop._keyboard_interrupt_handler

def interrupt():
    raise KeyboardInterrupt

loop._keyboard_interrupt_handler = lambda: told.append("told")
try:
    loop.call_soon(interrupt)
    await asyncio.sleep(0.1)
finally:
    loop._keyboard_interrupt_handler = theirs
"""
    )
    assert kernel.value("told") == ["told"]


def test_pyodide_loop_has_a_run_in_executor_of_its_own(kernel: Kernel) -> None:
    # waiting/run_in_executor.py
    kernel.run("import asyncio\nloop = asyncio.get_event_loop()")
    assert kernel.value("'run_in_executor' in vars(type(loop))") is True


def test_pyodide_lock_file_says_what_packages_depend_on_and_import(kernel: Kernel) -> None:
    # surroundings/packages.py, worker/entry.py
    kernel.run(
        """
import pyodide_js
packages = pyodide_js._api.lockfile_packages.to_py()
missing = [
    (name, field)
    for name, package in packages.items()
    for field in ("name", "version", "depends", "imports")
    if field not in package
]
"""
    )
    assert kernel.value("len(packages) > 0") is True
    assert kernel.value("missing") == []


def test_pyodide_loaded_packages_name_the_channel_of_the_lock_file(kernel: Kernel) -> None:
    # surroundings/packages.py
    kernel.run("import pyodide_js\nchannels = set(pyodide_js.loadedPackages.to_py().values())")
    assert kernel.value("'default channel' in channels") is True


def test_pyodide_notes_the_source_of_packages_from_the_lock_file(kernel: Kernel) -> None:
    # surroundings/packages.py
    kernel.run(
        """
import importlib.metadata
sources = {
    (distribution.read_text("PYODIDE_SOURCE") or "").strip()
    for distribution in importlib.metadata.distributions()
}
"""
    )
    assert kernel.value("'pyodide' in sources") is True


def test_pyodide_config_has_the_addresses_of_its_files(kernel: Kernel) -> None:
    # backends/pyodide
    kernel.run("import pyodide_js\nconfig = pyodide_js._api.config")
    assert kernel.value("isinstance(config.indexURL, str)") is True
    assert kernel.value("hasattr(config, 'lockFileURL')") is True


def test_pyodide_module_has_the_heap(kernel: Kernel) -> None:
    # labextension/src/worker/tasks.ts, labextension/src/worker/main.ts
    kernel.run("import pyodide_js\nheap = pyodide_js._module.HEAP8")
    assert kernel.value("heap.length > 2**20") is True


def test_emscripten_has_the_time_zone_that_c_knows(kernel: Kernel) -> None:
    # worker/surroundings/time_zone.py
    kernel.run(
        """
import ctypes, time
c = ctypes.CDLL(None)
names = [name.decode() for name in (ctypes.c_char_p * 2).in_dll(c, "tzname")]
ctypes.c_long.in_dll(c, "timezone"), ctypes.c_int.in_dll(c, "daylight")
"""
    )
    assert kernel.value("names == list(time.tzname)") is True


def test_the_drive_knows_how_the_page_serves_its_files(kernel: Kernel) -> None:
    # backends/pyodide, labextension/src/worker/drive.ts
    kernel.run(
        """
import pyodide_js
found = pyodide_js.FS.analyzePath("/drive")
api = found.object.mount.type.API
has = [hasattr(api, name) for name in ("_driveName", "_baseUrl", "_browsingContextId")]
"""
    )
    assert kernel.value("found.object.mount.mountpoint") == "/drive"
    assert kernel.value("has") == [True, True, True]


def test_the_drive_names_its_requests(kernel: Kernel) -> None:
    # releases.py: else the kernel and its workers would take turns, and all files would be slow
    kernel.run(
        """
import pyodide_js
from jupyterlite_pool.releases import mixes_up_answers
api = pyodide_js.FS.analyzePath("/drive").object.mount.type.API
"""
    )
    assert kernel.value("mixes_up_answers(api)") is False


def test_the_kernel_publishes_under_its_parent_header(kernel: Kernel) -> None:
    # notebook/cell.py
    kernel.run("kernel = get_ipython().kernel")
    assert kernel.value("kernel.get_parent() is kernel._parent_header is not None") is True


def test_the_kernel_has_a_publisher_of_displays(kernel: Kernel) -> None:
    # notebook/cell.py
    kernel.run("kernel = get_ipython().kernel")
    assert kernel.value("callable(kernel.interpreter.display_pub.publish)") is True


def test_the_kernel_keeps_the_history_that_a_welcome_takes_itself_out_of(kernel: Kernel) -> None:
    # labextension/src/plugin/kernels/welcome.ts
    kernel.run(
        """
import pyodide_kernel
history = pyodide_kernel.ipython_shell.history_manager
names = ["input_hist_parsed", "input_hist_raw", "db_input_cache", "_i00", "_i", "_ii", "_iii"]
missing = [name for name in names if not hasattr(history, name)]
"""
    )
    assert kernel.value("missing") == []
    assert kernel.value("pyodide_kernel.ipython_shell is get_ipython()") is True


def test_the_kernel_names_the_file_of_a_cell_by_its_number(kernel: Kernel) -> None:
    # wire/exceptions.py
    kernel.run("import re\nname = (lambda: 0).__code__.co_filename")
    assert kernel.value("bool(re.fullmatch(r'<ipython-input-\\d+-[0-9a-f]+>', name))") is True


def test_pyodide_tells_where_python_counts_the_steps_until_it_looks_for_signals(
    kernel: Kernel,
) -> None:
    # interrupt/signals.ts
    kernel.run(
        """
from pyodide.code import run_js
import pyodide_js
watch = run_js(\"\"\"(python, steps) => {
  const module = python._module;
  let looks = 0;
  const get = () => {
    looks += 1;
    module.HEAP32[module.__Py_emscripten_signal_clock >> 2] = steps;
    return 0;
  };
  python.setInterruptBuffer(Object.defineProperty({}, 0, { get, set() {} }));
  return () => looks;
}\"\"\")

def count(steps):
    looks = watch(pyodide_js, steps)
    for _ in range(10_000):
        pass
    pyodide_js.setInterruptBuffer(None)
    return looks()

counted = [count(50), count(200)]
"""
    )
    often, seldom = kernel.value("counted")
    assert 190 < often < 230
    assert 45 < seldom < 65
