"""Names of `multiprocessing`: each does what `docs/porting.md` says of it."""

from __future__ import annotations

import concurrent.futures
import importlib
import importlib.util
import multiprocessing
import multiprocessing.dummy
import multiprocessing.pool
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import jupyterlite_pool
from jupyterlite_pool.errors import UnavailableError
from jupyterlite_pool.stand_ins import install as _install
from jupyterlite_pool.stand_ins import unavailable

DOCS = Path(__file__).parents[3] / "docs" / "porting.md"

MODULES = [
    "multiprocessing",
    "multiprocessing.shared_memory",
    "multiprocessing.managers",
    "multiprocessing.dummy",
    "concurrent.futures",
]


def read_table() -> dict[tuple[str, str], str]:
    """What the table says of each name of each module."""
    told: dict[tuple[str, str], str] = {}
    module = ""
    table = DOCS.read_text("utf-8").partition("### Name by name")[2]
    for first, names, what in re.findall(r"^\| (.*?) ?\| (.+?) \| (.+?) \|$", table, re.MULTILINE):
        if found := re.match(r"`([\w.]+)`", first):
            module = found[1]
        for name in re.findall(r"`(\w+)`", names):
            told[module, name] = what
    return told


TABLE = read_table()

#: Names that Python has since 3.12 or 3.14, or that it offers but does not list.
NEWER = {"InterpreterPoolExecutor", "InvalidStateError"}


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(_install, "default_workers", lambda: 7)
    jupyterlite_pool.install()
    yield
    jupyterlite_pool.uninstall()


@pytest.mark.parametrize("module", MODULES)
def test_the_table_has_every_public_name(module: str) -> None:
    public = set(importlib.import_module(module).__all__)
    told = {name for known, name in TABLE if known == module}
    assert public - told == set()
    assert told - public <= NEWER


@pytest.mark.parametrize(("module", "name"), TABLE)
def test_a_name_is_an_error_exactly_if_the_table_says_so(module: str, name: str) -> None:
    owner = importlib.import_module(module)
    value = getattr(owner, name, None)
    if value is None and name in NEWER:
        pytest.skip("this Python does not have it")
    says_error = TABLE[module, name].startswith("error")
    assert refuses(value) == says_error
    if module == "multiprocessing" and says_error:
        assert refuses(getattr(multiprocessing.get_context("spawn"), name))


def refuses(value: Any) -> bool:
    """Whether a call is an error that says what to use."""
    if value is multiprocessing.dummy.Pool:
        value = multiprocessing.pool.ThreadPool  # which it makes
    made = vars(value).get("__new__") if isinstance(value, type) else value
    if getattr(getattr(made, "__func__", made), "__name__", "") != "refuse":
        return False
    with pytest.raises(UnavailableError, match=r"does not work in a browser: .+\.$"):
        value(1)
    return True


class Program(multiprocessing.Process):
    """A process of a program of its own."""


@pytest.mark.parametrize(
    "start",
    [
        lambda: multiprocessing.Process(target=abs, args=(1,)).start(),
        lambda: multiprocessing.get_context("spawn").Process(target=abs).start(),
        lambda: Program().start(),
        lambda: multiprocessing.dummy.Pool(2),
        lambda: managers().BaseManager().start(),
        lambda: managers().SyncManager().connect(),
        lambda: importlib.import_module("multiprocessing.sharedctypes").RawArray("i", 3),
    ],
)
def test_what_cannot_start_says_in_one_sentence_what_to_use(start: Callable[[], object]) -> None:
    with pytest.raises(UnavailableError) as raised:
        start()
    assert len(str(raised.value).splitlines()) == 1
    assert isinstance(raised.value, ImportError)  # as without `install`, for who can do without


def managers() -> Any:
    return importlib.import_module("multiprocessing.managers")


def test_names_that_only_set_something_have_no_effect() -> None:
    multiprocessing.set_forkserver_preload(["os"])


def test_uninstall_puts_everything_back() -> None:
    shared = importlib.import_module("multiprocessing.shared_memory")
    assert refuses(shared.SharedMemory)
    jupyterlite_pool.uninstall()
    assert multiprocessing.Queue.__module__ == "multiprocessing.context"
    assert not refuses(shared.SharedMemory)
    pool = multiprocessing.pool.ThreadPool(1)
    assert pool.apply(threading.get_ident) != threading.get_ident()
    pool.terminate()
    assert not [finder for finder in sys.meta_path if finder is _install._later]


def test_shared_memory_is_refused_also_where_python_lacks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jupyterlite_pool.uninstall()
    monkeypatch.delitem(sys.modules, unavailable.SHARED_MEMORY, raising=False)
    monkeypatch.delattr(multiprocessing, "shared_memory", raising=False)
    monkeypatch.setattr(unavailable, "_NEEDED", "a_module_that_is_not_there")
    jupyterlite_pool.install()
    importlib.import_module("multiprocessing.shared_memory")
    from multiprocessing import shared_memory
    from multiprocessing.shared_memory import ShareableList, SharedMemory

    assert vars(multiprocessing)["shared_memory"] is shared_memory
    spec = importlib.util.find_spec(unavailable.SHARED_MEMORY)
    assert spec is not None
    assert spec.name == unavailable.SHARED_MEMORY
    assert [shared_memory.SharedMemory, shared_memory.ShareableList] == [
        SharedMemory,
        ShareableList,
    ]
    assert refuses(SharedMemory)
    assert refuses(ShareableList)
    jupyterlite_pool.uninstall()
    assert unavailable.SHARED_MEMORY not in sys.modules
    assert not hasattr(multiprocessing, "shared_memory")


def test_what_a_program_has_put_there_itself_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    jupyterlite_pool.uninstall()

    def own(self: object) -> str:
        return "a queue of its own"

    monkeypatch.setattr(multiprocessing.context.BaseContext, "Queue", own)
    jupyterlite_pool.install()
    assert multiprocessing.get_context("spawn").Queue() == "a queue of its own"  # type: ignore[comparison-overlap]
    assert refuses(multiprocessing.Queue)


def test_the_rest_of_the_futures_is_the_standard_librarys() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        assert executor.submit(abs, -1).result() == 1
