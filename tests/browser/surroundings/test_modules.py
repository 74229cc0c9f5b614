"""Modules beside the notebook, and what the notebook itself defines, as they change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.kernel import Kernel

START = """
import asyncio, importlib, os, pathlib, sys
from jupyterlite_pool import WorkerPoolExecutor, pool_map

executor = WorkerPoolExecutor(2)
while len(executor.ready_workers) < 2:
    await asyncio.sleep(0.05)

def ask(function, *args):
    return executor.submit(function, *args).result()

def write(name, source):
    path = pathlib.Path("/drive", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    importlib.invalidate_caches()
"""


@pytest.fixture(autouse=True)
def _executor(kernel: Kernel) -> Iterator[None]:
    kernel.run(START)
    yield
    kernel.run(
        """
executor.terminate_workers()
for name in [name for name in sys.modules if name.startswith("own_")]:
    del sys.modules[name]
"""
    )


def test_after_a_reload_tasks_run_the_new_code(kernel: Kernel) -> None:
    kernel.run("write('own_a.py', 'def f(x):\\n    return x + 1\\n')")
    kernel.run("import own_a\nfrom own_a import f")
    assert kernel.value("ask(f, 1)") == 2
    kernel.run("write('own_a.py', 'def f(x):\\n    return x + 100\\n')")
    # Not reloaded yet: the notebook runs what it has loaded, and so do all workers.
    assert kernel.value("[own_a.f(1), *[ask(own_a.f, 1) for _ in range(4)]]") == [2] * 5
    kernel.run("importlib.reload(own_a)")
    assert kernel.value("[own_a.f(1), *[ask(own_a.f, 1) for _ in range(4)]]") == [101] * 5


def test_autoreload(kernel: Kernel) -> None:
    kernel.run("write('own_b.py', 'def f(x):\\n    return x + 1\\n')")
    kernel.run("%load_ext autoreload\n%autoreload 2\nimport own_b\nfrom own_b import f")
    try:
        assert kernel.value("ask(own_b.f, 1)") == 2
        kernel.run("write('own_b.py', 'def f(x):\\n    return x + 10\\n')")
        assert kernel.value("[own_b.f(1), ask(own_b.f, 1)]") == [11, 11]
        assert kernel.value("[f(1), ask(f, 1), ask(lambda x: f(x), 1)]") == [11, 11, 11]
        kernel.run("write('own_b.py', 'y = 5\\n\\ndef f(x):\\n    return x + y\\n')")
        assert kernel.value("[own_b.f(1), ask(own_b.f, 1)]") == [6, 6]
        assert kernel.value("[f(1), ask(f, 1), ask(lambda x: f(x), 1)]") == [6, 6, 6]
    finally:
        kernel.run("%autoreload 0\n%unload_ext autoreload")


def test_workers_that_hold_no_old_copy_stay(kernel: Kernel) -> None:
    kernel.run("write('own_c.py', 'def f():\\n    import os\\n    return 1, os.getpid()\\n')")
    kernel.run(
        """
import own_c
pids = set(executor.run_everywhere(os.getpid))
first = ask(own_c.f)
write("own_c.py", "def f():\\n    import os\\n    return 2, os.getpid()\\n")
importlib.reload(own_c)
second = ask(own_c.f)
after = set(executor.run_everywhere(os.getpid))
"""
    )
    assert kernel.value("[first[0], second[0]]") == [1, 2]
    assert kernel.value("len(pids & after)") == 1
    assert kernel.value("first[1] in after") is False


def test_a_module_that_only_tasks_import_is_read_anew_when_its_file_changes(
    kernel: Kernel,
) -> None:
    kernel.run("write('own_d.py', 'value = 1\\n')")
    kernel.run("def value():\n    import own_d\n    return own_d.value")
    assert kernel.value("ask(value)") == 1
    kernel.run("write('own_d.py', 'value = 22\\n')")
    assert kernel.value("[ask(value) for _ in range(4)]") == [22] * 4
    assert kernel.value("'own_d' in sys.modules") is False


def test_packages_beside_the_notebook_and_their_modules(kernel: Kernel) -> None:
    kernel.run(
        """
write("own_p/__init__.py", "from .inner import g\\nname = __name__\\n")
write("own_p/inner.py", "from . import __name__ as outer\\ndef g(x):\\n    return outer, x\\n")
write("own_p/data.txt", "beside\\n")
write("own_n/part.py", "where = __file__\\n")
import own_p, own_n.part

def look():
    import importlib.resources, own_n.part, own_p.inner
    text = importlib.resources.files("own_p").joinpath("data.txt").read_text()
    return own_p.g(3), own_p.__file__, own_n.part.where, text
"""
    )
    assert kernel.value("ask(look)") == [
        ["own_p", 3],
        "/drive/own_p/__init__.py",
        "/drive/own_n/part.py",
        "beside\n",
    ]


def test_a_module_in_an_archive(kernel: Kernel) -> None:
    kernel.run(
        """
import zipfile
with zipfile.ZipFile("/drive/own_archive.zip", "w") as archive:
    archive.writestr("own_z.py", "def f(x):\\n    return -x\\n")
sys.path.insert(0, "/drive/own_archive.zip")
import own_z

def imports(x):
    import own_z
    return own_z.f(x), own_z.__file__
"""
    )
    try:
        assert kernel.value("ask(own_z.f, 1)") == -1
        assert kernel.value("ask(imports, 2)") == [-2, "/drive/own_archive.zip/own_z.py"]
    finally:
        kernel.run("sys.path.remove('/drive/own_archive.zip')")


def test_a_module_of_a_folder_that_workers_do_not_have(kernel: Kernel) -> None:
    kernel.run(
        """
os.makedirs("/tmp/modules", exist_ok=True)
pathlib.Path("/tmp/modules/own_t.py").write_text("def f(x):\\n    return -x\\n")
sys.path.insert(0, "/tmp/modules")
import own_t
"""
    )
    try:
        assert kernel.value("ask(own_t.f, 1)") == -1
    finally:
        kernel.run("sys.path.remove('/tmp/modules')")


def test_what_a_module_does_as_the_main_one_is_not_done_by_workers(kernel: Kernel) -> None:
    kernel.run(
        """
write("own_m.py", "ran = []\\nif __name__ == '__main__':\\n    ran.append(1)\\n")
import own_m
def ran():
    import own_m
    return own_m.ran
"""
    )
    assert kernel.value("ask(ran)") == []


def test_functions_and_classes_that_are_defined_anew(kernel: Kernel) -> None:
    kernel.run("class Shape:\n    sides = 3\n    def count(self):\n        return self.sides")
    kernel.run("def sides(shape):\n    return shape.count(), isinstance(shape, Shape)")
    assert kernel.value("executor.run_everywhere(sides, Shape())") == [[3, True], [3, True]]
    kernel.run("class Shape:\n    sides = 4\n    def count(self):\n        return self.sides")
    assert kernel.value("executor.run_everywhere(sides, Shape())") == [[4, True], [4, True]]
    kernel.run("Shape.sides = 5")
    assert kernel.value("executor.run_everywhere(sides, Shape())") == [[5, True], [5, True]]
    kernel.run("def sides(shape):\n    return 'new'")
    assert kernel.value("executor.run_everywhere(sides, Shape())") == ["new", "new"]


def test_a_traceback_has_the_lines_that_were_run(kernel: Kernel) -> None:
    kernel.run("write('own_e.py', 'def f(x):\\n    return 1 / x  # as it was loaded\\n')")
    kernel.run("import own_e\npool_map(own_e.f, [1])")
    kernel.run("write('own_e.py', '# another first line\\ndef f(x):\\n    return 2 / x\\n')")
    error = kernel.fails("pool_map(own_e.f, [0])")
    text = "\n".join(error["traceback"])
    assert "ZeroDivisionError" in error["ename"]
    assert "# as it was loaded" in text, text


def test_what_was_imported_from_a_module_is_new_after_an_edit_as_in_the_notebook(
    kernel: Kernel,
) -> None:
    kernel.run(
        """
SHAPE = '''
def area(x):
    return {factor} * x

class Shape:
    def sides(self):
        return {factor}

def make():
    return Shape()
'''
write("own_shape.py", SHAPE.format(factor=3))
from own_shape import Shape, area, make
before = [area(1), ask(area, 1), ask(Shape().sides)]
write("own_shape.py", SHAPE.format(factor=4))
import own_shape
importlib.reload(own_shape)
stale = [area(1), ask(area, 1)]
from own_shape import Shape, area, make
after = [area(1), ask(area, 1), ask(Shape().sides)]
made = ask(make)
"""
    )
    assert kernel.value("[before, stale, after]") == [[3, 3, 3], [3, 3], [4, 4, 4]]
    assert kernel.value("type(made) is Shape")
