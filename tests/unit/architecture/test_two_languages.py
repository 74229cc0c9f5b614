"""Facts that live in both languages."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import jupyterlite_pool
from jupyterlite_pool.api.timeline import DONE, FAILED
from jupyterlite_pool.api.timeline_files import ZOOM
from jupyterlite_pool.backends.base import ON_PURPOSE, Listener, WorkerEnd
from jupyterlite_pool.errors import TerminatedWorkerError
from jupyterlite_pool.jobs.work_log import Kind, State
from jupyterlite_pool.wire import protocol as _protocol

ROOT = Path(__file__).parents[3]
LABEXTENSION = ROOT / "labextension"
PROTOCOL_TS = (LABEXTENSION / "src" / "protocol.ts").read_text("utf-8")
EVENTS_TS = (LABEXTENSION / "src" / "pool" / "events.ts").read_text("utf-8")
RUNNER_TS = (LABEXTENSION / "src" / "worker" / "runner.ts").read_text("utf-8")


def package_json() -> dict[str, Any]:
    about: dict[str, Any] = json.loads((LABEXTENSION / "package.json").read_text("utf-8"))
    return about


def interface(name: str, source: str) -> list[str]:
    """The fields of an interface in a source of TypeScript, in order."""
    found = re.search(rf"interface {name}\b[^{{]*{{(.*?)\n}}", source, re.DOTALL)
    assert found is not None
    body = re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL)
    return re.findall(r"^  (\w+):", body, re.MULTILINE)


def test_both_languages_speak_the_same_version() -> None:
    found = re.search(r"PROTOCOL_VERSION = (\d+);", PROTOCOL_TS)
    assert found is not None
    assert int(found[1]) == _protocol.PROTOCOL_VERSION


def test_both_packages_have_the_same_version() -> None:
    assert package_json()["version"] == jupyterlite_pool.__version__
    lock = json.loads((LABEXTENSION / "package-lock.json").read_text("utf-8"))
    assert lock["version"] == lock["packages"][""]["version"] == jupyterlite_pool.__version__


def test_the_shape_of_items_is_that_of_this_version() -> None:
    # Whoever changes a shape raises the version, so that a worker of another one is not used.
    assert _protocol.PROTOCOL_VERSION == 10
    assert _protocol.CallBatch._fields == (
        "first",
        "function",
        "surroundings",
        "calls",
        "attempts",
        "buffers",
        "seeds",
        "timed",
    )
    assert _protocol.ResultItem._fields == ("task", "kind", "payload", "buffers", "seconds")


def test_the_end_of_a_worker_has_the_same_fields() -> None:
    assert interface("WorkerEnd", EVENTS_TS) == list(WorkerEnd._fields)


def test_a_result_frame_has_what_the_listener_is_told() -> None:
    told = list(inspect.signature(Listener.on_result).parameters)
    fields = {"kind", "memory", "payload", "buffers", *interface("ResultFrame", PROTOCOL_TS)}
    assert set(told) - {"self", "worker"} == fields - {"kind", "memory"}


def test_every_reason_of_an_end_is_documented() -> None:
    found = re.search(
        r"reason:((?:[\s|]*'\w+')+);\n  message: string;\n  status: number \| null;\n  running",
        EVENTS_TS,
    )
    assert found is not None
    reasons = set(re.findall(r"'(\w+)'", found[1]))
    assert "exited" in reasons
    documented = set(re.findall(r'"(\w+)"', TerminatedWorkerError.__doc__ or ""))
    assert reasons >= ON_PURPOSE
    # A worker that never became ready ran no task, and no task is lost on purpose.
    assert reasons - {"start"} - ON_PURPOSE == documented


def test_the_pyodide_of_a_plain_page_is_the_kernels() -> None:
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    runtime = (LABEXTENSION / "src" / "pool" / "runtime.ts").read_text("utf-8")
    found = re.search(r"DEFAULT_PYODIDE_URL = '[^']*/v([\d.]+)/full/pyodide.mjs'", runtime)
    assert found is not None
    assert found[1] == PYODIDE_VERSION
    assert package_json()["devDependencies"]["pyodide"] == PYODIDE_VERSION


def test_the_runner_that_javascript_calls_has_its_methods() -> None:
    from jupyterlite_pool.worker.runner import Runner

    found = re.search(r"interface PythonRunner [^{]*{(.*?)\n}", RUNNER_TS, re.DOTALL)
    assert found is not None
    calls = re.findall(r"^  (\w+): PyCallable;", found[1], re.MULTILINE)
    assert calls
    assert all(callable(getattr(Runner, call)) for call in calls)


def timeline_source(name: str) -> str:
    return (LABEXTENSION / "src" / "plugin" / "timeline" / name).read_text("utf-8")


def test_what_workers_did_has_the_same_numbers() -> None:
    data = timeline_source("data.ts")
    for name, kind in (("KIND", Kind), ("STATE", State)):
        found = re.search(rf"export const {name} = {{(.*?)}}", data)
        assert found is not None
        numbers = {word.upper(): int(n) for word, n in re.findall(r"(\w+): (\d)", found[1])}
        assert numbers == {each.name: each.value for each in kind}


def test_a_saved_timeline_zooms_and_looks_the_same() -> None:
    found = re.search(r"export const ZOOM = `(.*?)`;", timeline_source("html.ts"), re.DOTALL)
    assert found is not None
    assert found[1] == ZOOM
    colours = timeline_source("colours.ts")
    colour = r"{\s*variable: '([\w-]+)', plain: '(#\w+)'\s*}"
    first = re.search(rf"FUNCTIONS[^=]*= \[\s*{colour}", colours)
    failed = re.search(rf"FAILED: Colour = {colour}", colours)
    assert first is not None
    assert failed is not None
    assert f"var({first[1]}, {first[2]})" == DONE
    assert f"var({failed[1]}, {failed[2]})" == FAILED
