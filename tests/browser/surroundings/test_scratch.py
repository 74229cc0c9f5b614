"""Temporary files: the notebook and each of its workers have their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kernel import Kernel

#: Two workers that have both started, and a way to make a call on each of them.
SETUP = """
import os, pathlib, tempfile
from jupyterlite_pool import WorkerPoolExecutor, current_worker
executor = WorkerPoolExecutor(2)

def folder():
    return tempfile.mkdtemp()

def attempt(path, action):
    try:
        action(path)
    except Exception as error:
        return [type(error).__name__, *getattr(error, "__notes__", [])]

def everywhere(function, *args):
    return executor.run_everywhere(function, *args)

def strange(function, path):
    "What comes of a call on the worker that does not have the path; None for no error."
    def call():
        if pathlib.Path(path).exists():
            return None
        function(path)
        return "no error"
    try:
        return [each for each in everywhere(call) if each]
    except Exception as error:
        return [type(error).__name__, *getattr(error, "__notes__", [])]

def append(path):
    with open(os.path.join(path, "x"), "a") as file:
        file.write("x")

def make(path):
    os.makedirs(os.path.join(path, "inner"), exist_ok=True)
    append(os.path.join(path, "inner"))

def read(path):
    with open(path) as file:
        return file.read()
"""


@pytest.fixture(autouse=True)
def _executor(kernel: Kernel) -> None:
    kernel.run(SETUP)


@pytest.mark.parametrize("action", ["append", "make", "read", "os.listdir"])
@pytest.mark.parametrize("owner", ["the notebook", "worker-"])
def test_a_temporary_folder_of_another_is_an_error_that_says_whose_it_is(
    kernel: Kernel, owner: str, action: str
) -> None:
    task = "tempfile.mkdtemp()" if owner == "the notebook" else "executor.submit(folder).result()"
    kernel.run(f"path = {task}")
    found: list[Any] = kernel.value(f"strange({action}, path)")
    assert found[0] in ("FileNotFoundError", "PermissionError"), found
    assert f"a temporary file of {owner}" in found[-1]
    assert "Return from a task what others need" in found[-1]


def test_the_notebook_cannot_make_a_folder_of_a_worker(kernel: Kernel) -> None:
    kernel.run("path = executor.submit(folder).result()")
    assert kernel.value("attempt(path, make)")[0] == "PermissionError"


def test_a_worker_uses_its_own_temporary_files_as_ever(kernel: Kernel) -> None:
    kernel.run(
        """
def work():
    with tempfile.TemporaryDirectory() as place:
        make(place)
        with tempfile.TemporaryFile() as file:
            file.write(b"y")
            file.seek(0)
            return read(os.path.join(place, "inner", "x")), file.read().decode()
found = everywhere(work)
"""
    )
    assert kernel.value("found") == [["x", "y"]] * 2


def test_what_a_task_writes_beside_a_notebook_in_a_temporary_folder_is_an_error(
    kernel: Kernel,
) -> None:
    kernel.run("before = os.getcwd(); os.chdir(tempfile.mkdtemp())")
    try:
        found = kernel.value("attempt('', lambda path: executor.submit(append, path).result())")
    finally:
        kernel.run("os.chdir(before)")
    assert found[0] == "PermissionError"
    assert "a temporary file of the notebook" in found[-1]


def test_a_folder_that_the_notebook_chooses_is_that_of_the_workers(kernel: Kernel) -> None:
    kernel.run(
        """
os.makedirs("chosen", exist_ok=True)
before, tempfile.tempdir = tempfile.tempdir, os.path.abspath("chosen")
try:
    path = executor.submit(folder).result()
    append(path)
    found = [os.path.dirname(path) == tempfile.tempdir, everywhere(read, os.path.join(path, "x"))]
finally:
    tempfile.tempdir = before
"""
    )
    assert kernel.value("found") == [True, ["x", "x"]]
