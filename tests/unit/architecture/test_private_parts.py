"""Private parts of other packages that this package reaches into: are they still as they were?

Each test is named after the part. When another package changes the part, its test fails, and the
file named in the test is where to look. Parts that only a kernel has are in
`tests/browser/test_private_parts.py`.
"""

from __future__ import annotations

import abc
import asyncio
import concurrent.futures
import dataclasses
import enum
import functools
import importlib
import inspect
import io
import linecache
import logging
import multiprocessing.context
import multiprocessing.pool
import os
import posix
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, RUNNING
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import joblib.parallel
import pytest
from IPython.core.compilerop import CachingCompiler
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

# The standard library's locks and futures
#
# waiting/suspending_lock.py, waiting/futures.py, commands/interrupt.py


class Lock:
    """A lock of ours, which notes whether somebody has taken it."""

    made: list[Lock]

    def __init__(self) -> None:
        self._lock = FIRST_LOCK()
        self.taken = 0
        self.made.append(self)

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        self.taken += 1
        return bool(self._lock.acquire(blocking, timeout))

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return bool(self._lock.locked())

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


FIRST_LOCK = threading._allocate_lock  # type: ignore[attr-defined]


@pytest.fixture
def our_locks(monkeypatch: pytest.MonkeyPatch) -> list[Lock]:
    """All locks that `threading` makes are ours."""
    Lock.made = []
    monkeypatch.setattr(threading, "_allocate_lock", Lock)
    return Lock.made


def test_threading_allocate_lock_makes_the_lock_that_a_condition_waits_with(
    our_locks: list[Lock],
) -> None:
    condition = threading.Condition()
    with condition:
        condition.wait(0.01)
    assert [lock.taken for lock in our_locks] == [2]  # the waiter's own lock; the other is an RLock


def test_threading_allocate_lock_makes_the_lock_that_a_future_waits_with(
    our_locks: list[Lock],
) -> None:
    with pytest.raises(TimeoutError):
        concurrent.futures.Future[None]().result(0.01)
    assert any(lock.taken == 2 for lock in our_locks)


def test_threading_condition_waiters_has_the_lock_of_whoever_waits(our_locks: list[Lock]) -> None:
    seen: list[Any] = []
    condition = threading.Condition()

    class Watching(Lock):
        def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
            seen.append(list(condition._waiters))  # type: ignore[attr-defined]
            return super().acquire(blocking, timeout)

    threading._allocate_lock = Watching  # type: ignore[attr-defined] # the fixture puts it back
    with condition:
        condition.wait(0.01)
    [waiter] = our_locks
    assert seen[-1] == [waiter]


def test_concurrent_futures_waiters_have_events_with_conditions() -> None:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    seen: list[Any] = []

    def look() -> None:
        seen.extend(future._waiters)
        future.set_result(None)

    threading.Timer(0.05, look).start()
    concurrent.futures.wait([future], 10)
    [waiter] = seen
    assert isinstance(waiter.event._cond, threading.Condition)


def test_concurrent_futures_condition_guards_a_future() -> None:
    condition = concurrent.futures.Future[None]()._condition
    assert isinstance(condition, threading.Condition)
    with condition, condition:  # a future takes it again in its own methods
        pass


def test_concurrent_futures_state_can_be_set_to_cancel_what_runs() -> None:
    future: Any = concurrent.futures.Future()
    told: list[Any] = []
    future.add_done_callback(told.append)
    future.set_running_or_notify_cancel()
    assert future._state == RUNNING
    assert not future.cancel()
    future._state = CANCELLED
    assert not future.set_running_or_notify_cancel()
    assert (future._state, told) == (CANCELLED_AND_NOTIFIED, [])
    future._invoke_callbacks()
    assert told == [future]


# threading: dispatch/finalizers.py


def test_threadings_rlock_knows_whether_its_own_thread_has_it() -> None:
    lock: Any = threading.RLock()
    assert not lock._is_owned()
    with lock:
        assert lock._is_owned()
        elsewhere: list[bool] = []
        thread = threading.Thread(target=lambda: elsewhere.append(lock._is_owned()))
        thread.start()
        thread.join(10)
        assert elsewhere == [False]


# asyncio: commands/interrupt.py


def test_asyncio_fut_waiter_is_what_a_task_awaits() -> None:
    async def look() -> None:
        future = asyncio.get_running_loop().create_future()

        async def wait() -> None:
            await future

        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        assert task._fut_waiter is future  # type: ignore[attr-defined]
        future.set_exception(KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            await task

    # The loop itself raises the interrupt of a task, which Pyodide's need not.
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(look())


def test_asyncio_children_are_what_a_gather_awaits() -> None:
    async def look() -> None:
        futures = [asyncio.get_running_loop().create_future() for _ in range(2)]
        gathered = asyncio.gather(*futures)
        assert list(gathered._children) == futures  # type: ignore[attr-defined]
        gathered.cancel()

    asyncio.run(look())


def test_asyncio_and_concurrent_futures_wait_in_the_modules_that_tracebacks_leave_out() -> None:
    # tracebacks.py
    from jupyterlite_pool.tracebacks import WAITS

    for kind in (concurrent.futures.Future, asyncio.futures.Future, asyncio.tasks.Task):
        module = "asyncio.futures" if kind.__module__ == "_asyncio" else kind.__module__
        assert module in {*WAITS, "_asyncio"}
    assert all(name in sys.modules for name in WAITS)


# Other modules of the standard library


def test_os_getpid_is_the_function_of_posix() -> None:
    # worker/entry.py, which replaces both
    assert os.getpid is posix.getpid


def test_os_environ_data_is_all_variables() -> None:
    # worker/surroundings/settings.py
    data: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    assert {os.fsdecode(name): os.fsdecode(value) for name, value in data.items()} == os.environ


def test_logging_cache_is_emptied_when_any_level_is_set() -> None:
    # worker/surroundings/settings.py
    cache: dict[object, object] = logging.root._cache  # type: ignore[attr-defined]
    cache["canary"] = True
    logging.getLogger("jupyterlite-pool-test").setLevel(logging.INFO)
    assert "canary" not in cache
    cache["canary"] = True
    logging.disable(logging.NOTSET)
    assert "canary" not in cache


def test_linecache_entries_have_four_fields_with_the_lines_third() -> None:
    # wire/calls.py, worker/cell_bodies.py, worker/surroundings/modules.py
    name = "<private part>"
    linecache.cache[name] = (2, None, ["first\n", "second\n"], name)
    try:
        linecache.checkcache(name)  # an entry without a time stays
        assert linecache.getline(name, 2) == "second\n"
    finally:
        del linecache.cache[name]
    linecache.getline(__file__, 1)
    size, time, lines, file = linecache.cache[__file__]  # type: ignore[misc]
    assert (size, file) == (os.stat(__file__).st_size, __file__)
    assert time is not None
    assert lines == Path(__file__).read_text("utf-8").splitlines(keepends=True)


def test_multiprocessing_contexts_have_the_names_that_install_replaces() -> None:
    # stand_ins/install.py
    context = multiprocessing.context.BaseContext
    assert all(callable(getattr(context, name)) for name in ("Pool", "Lock", "RLock", "cpu_count"))
    assert multiprocessing.get_context().Pool.__func__ is context.Pool  # type: ignore[attr-defined]
    assert isinstance(multiprocessing.pool.Pool, type)
    assert concurrent.futures.process.ProcessPoolExecutor is concurrent.futures.ProcessPoolExecutor


def test_a_loader_of_the_standard_library_takes_another_exec_module() -> None:
    # worker/randomness.py, worker/display.py
    spec: Any = PathFinder.find_spec("colorsys")
    ran: list[types.ModuleType] = []
    spec.loader.exec_module = ran.append
    module = types.ModuleType("colorsys")
    spec.loader.exec_module(module)
    del spec.loader.exec_module
    assert ran == [module]
    spec.loader.exec_module(module)
    assert callable(module.rgb_to_hsv)


# cloudpickle: wire/payload.py


def test_cloudpickle_make_function_is_what_makes_a_function_that_came_by_value() -> None:
    from jupyterlite_pool.wire.payload import _MAKE_FUNCTION

    assert _MAKE_FUNCTION.encode() in cloudpickle.dumps(lambda x: x)
    make = getattr(cloudpickle.cloudpickle, _MAKE_FUNCTION)
    assert list(inspect.signature(make).parameters)[:2] == ["code", "globals"]


def test_cloudpickle_class_setstate_is_what_fills_a_class_that_came_by_value() -> None:
    from jupyterlite_pool.wire.payload import _FILL_CLASS

    class Plain:
        pass

    assert _FILL_CLASS[1].encode() in cloudpickle.dumps(Plain)
    fill = getattr(cloudpickle.cloudpickle, _FILL_CLASS[1])
    assert next(iter(inspect.signature(fill).parameters)) == "obj"


def test_cloudpickle_dispatch_table_reduces_code_to_its_fields() -> None:
    from jupyterlite_pool.wire.by_value.code import NO_FILE

    code = test_cloudpickle_dispatch_table_reduces_code_to_its_fields.__code__
    reduce = cloudpickle.CloudPickler.dispatch_table[types.CodeType]
    make, fields = reduce(code)[:2]
    assert make is types.CodeType
    assert sum(field in (NO_FILE, code.co_filename) for field in fields) == 1


# cloudpickle, abc, enum and functools: wire/by_value


def test_cloudpickle_dynamic_function_reduce_has_a_state_with_slots() -> None:
    n = 1
    pickler = cloudpickle.CloudPickler(io.BytesIO())
    make, (code, space, *_), (state, slots) = pickler._dynamic_function_reduce(lambda: n)[:3]
    assert make is cloudpickle.cloudpickle._make_function
    assert (type(code), space["__name__"], state) == (types.CodeType, __name__, {})
    assert {"__globals__", "__closure__", "_cloudpickle_submodules"} <= set(slots)
    function = types.FunctionType(code, space, closure=(types.CellType(2),))
    cloudpickle.cloudpickle._function_setstate(function, (state, {**slots, "__closure__": None}))
    assert function() == 2


def test_cloudpickle_should_pickle_by_reference_what_a_module_has() -> None:
    ask = cloudpickle.cloudpickle._should_pickle_by_reference
    assert ask(Path)
    assert not ask(lambda: None)
    look = cloudpickle.cloudpickle._lookup_module_and_qualname
    assert look(os.fspath, name="nothing") is None
    assert cloudpickle.cloudpickle._extract_code_globals(Lock.__init__.__code__) == {
        "FIRST_LOCK": None
    }


def test_cloudpickle_tracker_has_the_ids_of_classes() -> None:
    own = cloudpickle.cloudpickle
    kind = type("Kind", (), {})
    number = own._get_or_create_tracker_id(kind)
    assert own._DYNAMIC_CLASS_TRACKER_BY_ID[number] is kind
    assert own._lookup_class_or_track(number, type("Other", (), {})) is kind


def test_abc_get_dump_has_virtual_subclasses_first() -> None:
    kind = abc.ABCMeta("Kind", (), {})
    kind.register(int)
    assert [ref() for ref in abc._get_dump(kind)[0]] == [int]  # type: ignore[attr-defined]


def test_abc_init_makes_a_class_abstract() -> None:
    kind: Any = type.__new__(abc.ABCMeta, "Kind", (), {"f": abc.abstractmethod(lambda self: 1)})
    abc._abc_init(kind)  # type: ignore[attr-defined]
    assert kind.__abstractmethods__ == {"f"}
    assert not isinstance(1, kind)


def test_enum_member_map_has_all_names_of_members() -> None:
    class Colour(enum.Enum):
        RED = 1
        ALIAS = 1  # noqa: PIE796 - as meant

    names = vars(Colour)
    assert names["_member_map_"] == {"RED": Colour.RED, "ALIAS": Colour.RED}
    assert names["_value2member_map_"] == {1: Colour.RED}
    assert names["_member_type_"] is object
    assert {"_name_", "_value_"} <= set(vars(Colour.RED))


def test_functools_singledispatch_makes_functions_of_one_code() -> None:
    first: Any = functools.singledispatch(lambda x: x)
    second: Any = functools.singledispatch(lambda x: x)
    assert first.__code__ is second.__code__
    assert {"register", "dispatch", "registry", "_clear_cache", "__wrapped__"} <= set(vars(first))


def test_dataclasses_has_default_factory_is_a_sentinel() -> None:
    made = dataclasses.make_dataclass(
        "Made", [("a", list, dataclasses.field(default_factory=list))]
    )
    default = inspect.signature(made).parameters["a"].default
    assert default is dataclasses._HAS_DEFAULT_FACTORY  # type: ignore[attr-defined]


# joblib: stand_ins/joblib_backend.py, stand_ins/joblib_register.py


def test_joblib_parallel_lock_is_held_while_the_iterable_is_read() -> None:
    class Watching:
        depth = 0

        def __enter__(self) -> None:
            self.depth += 1

        def __exit__(self, *_: object) -> None:
            self.depth -= 1

    ours = Watching()
    held: list[bool] = []

    class Backend(joblib.parallel.ThreadingBackend):  # type: ignore[misc]
        def start_call(self) -> None:
            super().start_call()
            self.parallel._lock = ours

    def calls() -> Iterator[Any]:
        yield joblib.delayed(abs)(-1)
        held.append(ours.depth > 0)

    with joblib.parallel_config(backend=Backend()):
        assert joblib.Parallel(n_jobs=2, pre_dispatch="all")(calls()) == [1]
    assert held == [True]


def test_joblib_batches_have_items_of_function_arguments_and_keywords() -> None:
    seen: list[Any] = []

    class Backend(joblib.parallel.ThreadingBackend):  # type: ignore[misc]
        def submit(self, func: Any, callback: Any = None) -> Any:
            seen.extend(func.items)
            return super().submit(func, callback)

    with joblib.parallel_config(backend=Backend()):
        assert joblib.Parallel(n_jobs=2)([joblib.delayed(pow)(2, exp=3)]) == [8]
    assert seen == [(pow, (2,), {"exp": 3})]


def test_joblib_backend_classes_are_there_under_their_names() -> None:
    from jupyterlite_pool.stand_ins.joblib_backend import PoolBackend

    called = {
        "configure",
        "effective_n_jobs",
        "submit",
        "start_call",
        "retrieve_result_callback",
        "retrieval_context",
        "abort_everything",
        "terminate",
    }
    base = joblib.parallel.ParallelBackendBase
    assert called <= set(dir(base))
    assert {name for name in called if name in vars(PoolBackend)} == called
    for name in ("supports_retrieve_callback", "supports_inner_max_num_threads", "backend_kwargs"):
        assert hasattr(joblib.parallel.SequentialBackend(), name), name
    assert callable(joblib.parallel.AutoBatchingMixin.reset_batch_stats)


def test_joblib_registry_is_a_dictionary_with_a_default() -> None:
    parallel = joblib.parallel
    assert parallel.DEFAULT_BACKEND in parallel.BACKENDS
    assert "threading" in parallel.BACKENDS
    assert callable(parallel.cpu_count)
    assert hasattr(parallel, "mp")


# IPython


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A shell that leaves nothing in this process or on this machine."""
    config = Config()
    config.HistoryManager.enabled = False
    main = sys.modules["__main__"]
    shell = InteractiveShell(config=config, ipython_dir=str(tmp_path_factory.mktemp("ipython")))
    sys.modules["__main__"] = main
    return shell


def test_ipython_asks_an_error_for_its_own_traceback(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # tracebacks.py
    from jupyterlite_pool.tracebacks import HOOK

    class RefusedError(Exception):
        pass

    setattr(RefusedError, HOOK, lambda self: ["as it says itself"])
    try:
        raise RefusedError
    except RefusedError:
        shell.showtraceback()
    assert capsys.readouterr().out == "as it says itself\n"


def test_ipython_structured_traceback_makes_lines_of_an_error(shell: Any) -> None:
    # tracebacks.py
    try:
        raise ValueError("told")
    except ValueError as error:
        tb = shell.InteractiveTB
        lines = tb.structured_traceback(type(error), error, error.__traceback__)
    assert "told" in lines[-1]


def test_ipython_cells_are_in_linecache_without_a_time() -> None:
    # wire/calls.py
    compiler = CachingCompiler()
    name = compiler.cache("x = 1\n", 7)
    _, time, lines, file = linecache.cache[name]  # type: ignore[misc]
    assert (time, lines, file) == (None, ["x = 1\n"], name)
    del linecache.cache[name]


def test_ipython_names_the_file_of_a_cell_by_its_number(shell: Any) -> None:
    # wire/exceptions.py, commands/magics.py; ipykernel and a browser's kernel have another name
    name = CachingCompiler().get_code_name("x = 1\n", "x = 1\n", 7)
    assert name.startswith("<ipython-input-7-")


def test_an_ordinary_kernel_has_the_handlers_of_its_control_channel() -> None:
    # commands/page_ways.py; tests/jupyterlab sends words that way
    from ipykernel.kernelbase import Kernel

    kernel: Any = Kernel()  # type: ignore[no-untyped-call]
    assert isinstance(kernel.control_handlers, dict)
    assert callable(kernel.control_handlers["comm_info_request"])


def test_ipython_makes_calls_of_magics_that_can_be_found() -> None:
    # commands/magic_await.py, commands/magics.py
    from jupyterlite_pool.commands.magic_await import await_magics

    transform: Callable[[str], str] = TransformerManager().transform_cell
    for cell in ("%pool_map f xs\n", "r = %pool_map f xs\n", "%%pool_map x in xs\nx\n"):
        lines = transform(cell).splitlines(keepends=True)
        assert "await get_ipython().run_" in "".join(await_magics(lines)), cell


def test_ipython_shell_has_what_the_magics_use(shell: Any) -> None:
    # commands/magics.py, commands/cells.py, commands/completion.py
    assert isinstance(shell.history_manager.input_hist_parsed, list)
    assert isinstance(shell.user_ns_hidden, dict)
    assert isinstance(shell.Completer.custom_matchers, list)
    assert callable(shell.compile.cache)
    assert isinstance(shell.input_transformers_post, list)
    assert "pre_run_cell" in shell.events.callbacks
    assert hasattr(shell.magics_manager.registry, "get")


def test_ipython_shows_what_a_transformer_raises_as_an_error_of_the_cell(shell: Any) -> None:
    # commands/cells.py
    def refuse(lines: list[str]) -> list[str]:
        if "refused" in lines[0]:
            compile("\n\ny = = 1", "<ipython-input-7-00ff>", "exec")
        return lines

    shell.input_transformers_post.append(refuse)
    try:
        done = shell.run_cell("refused = 1")
    finally:
        shell.input_transformers_post.remove(refuse)
    assert isinstance(done.error_before_exec, SyntaxError)
    assert done.error_in_exec is None
    assert "refused" not in shell.user_ns


def test_ipython_writes_the_magic_of_a_cell_as_a_call_alone() -> None:
    # commands/cells.py
    python = TransformerManager().transform_cell("%%pool_map -o r x in xs\nx\n")
    assert python == "get_ipython().run_cell_magic('pool_map', '-o r x in xs', 'x\\n')\n"


def test_ipython_leaves_the_line_of_a_magic_alone_that_asks_for_it() -> None:
    # commands/magics.py
    from IPython.core.magic import MAGIC_NO_VAR_EXPAND_ATTR

    from jupyterlite_pool.commands.magics import PoolMagics

    for name in ("pool", "pool_map", "_pool_map", "pool_submit", "_pool_submit", "pool_run"):
        assert getattr(getattr(PoolMagics, name), MAGIC_NO_VAR_EXPAND_ATTR)


def test_ipython_runs_magics_in_functions_of_known_names() -> None:
    # commands/magics.py
    from jupyterlite_pool.commands.magic_await import CALLERS

    for name in CALLERS:
        assert getattr(InteractiveShell, name).__code__.co_name == name


def test_ipython_autoreload_keeps_the_times_of_modules() -> None:
    # surroundings/modules.py
    name = "IPython.extensions.autoreload"
    try:
        autoreload = importlib.import_module(name)
        assert isinstance(autoreload.ModuleReloader().modules_mtimes, dict)
        assert "_reloader" in autoreload.AutoreloadMagics.__init__.__code__.co_names
    finally:
        sys.modules.pop(name, None)  # others would take this process for a notebook that uses it


def test_ipython_display_functions_are_in_the_module_that_workers_replace(shell: Any) -> None:
    # worker/display.py
    from jupyterlite_pool.worker.display import METHODS, MODULE

    module = importlib.import_module(MODULE)
    for name in ("display", "publish_display_data", "clear_output"):
        assert callable(getattr(module, name))
    formatters = shell.display_formatter.formatters
    methods = {str(formatter.print_method): kind for kind, formatter in formatters.items()}
    assert METHODS.items() <= methods.items()


# JupyterLite: site/addon.py


def test_jupyterlite_core_manager_keeps_its_addons_by_name() -> None:
    from jupyterlite_core.manager import LiteManager

    assert "_addons" in LiteManager.class_trait_names()


def test_jupyterlite_pyodide_kernel_addons_have_what_the_site_sets() -> None:
    from jupyterlite_pyodide_kernel.addons.lock import PyodideLockAddon
    from jupyterlite_pyodide_kernel.addons.pyodide import PyodideAddon

    for name in ("enabled", "specs", "prefetch_extra", "constraints", "output_lock"):
        assert hasattr(PyodideLockAddon, name), name
    for name in ("pyodide_url", "well_known_pyodide", "output_pyodide"):
        assert hasattr(PyodideAddon, name), name
