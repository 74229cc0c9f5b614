"""The files that a site's add-on writes, tested without building a site."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyterlite_core.manager import LiteManager
from jupyterlite_pyodide_kernel.constants import PIPLITE_URLS, PYODIDE_KERNEL_PLUGIN_ID

from jupyterlite_pool.site import snapshot
from jupyterlite_pool.site.addon import CONSTRAINTS, PoolAddon
from jupyterlite_pool.site.pyodide import add_remote_packages
from jupyterlite_pool.site.snapshot import SCRIPT, make_snapshot, pin_snapshot
from jupyterlite_pool.site.wheel import NAME, wheel_name, write_wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel") / "deep" / wheel_name()
    write_wheel(target)
    return target


def test_the_kernels_wheel_has_all_but_what_builds_sites(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "jupyterlite_pool/__init__.py" in names
    assert "jupyterlite_pool/worker/runner.py" in names
    assert "jupyterlite_pool/static/worker.js" in names
    assert not [name for name in names if "/site/" in name or name.endswith(".pyc")]
    assert not [name for name in names if name.startswith(("..", "/"))]


def test_the_record_has_every_file_with_its_digest(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [record] = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
        rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
        assert sorted(row[0] for row in rows) == sorted(archive.namelist())
        for name, digest, size in rows:
            if name == record:
                assert (digest, size) == ("", "")
                continue
            content = archive.read(name)
            sha256 = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
            assert digest == f"sha256={sha256.decode().rstrip('=')}"
            assert int(size) == len(content)


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" in name]
        folders = {name.split("/")[0] for name in names}
        assert {name.split("/")[1] for name in names} == {"METADATA", "WHEEL", "RECORD"}
    assert [f"{folder.removesuffix('.dist-info')}-py3-none-any.whl" for folder in folders] == [
        wheel.name
    ]


def test_the_same_files_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    again = tmp_path / wheel.name
    write_wheel(again)
    assert again.read_bytes() == wheel.read_bytes()


def test_remote_packages_are_added_and_local_ones_left_alone(tmp_path: Path) -> None:
    local = {"file_name": "../pypi/numpy-9.whl", "version": "9"}
    remote = {"file_name": "numpy-1.whl", "version": "1"}
    lock, full = tmp_path / "lock.json", tmp_path / "full.json"
    lock.write_text(json.dumps({"info": {"version": "1"}, "packages": {"numpy": local}}), "utf-8")
    others = {
        "numpy": remote,
        "pandas": {"file_name": "pandas-2.whl", "depends": ["numpy"]},
        "far": {"file_name": "https://elsewhere.example/far-1.whl"},
    }
    full.write_text(json.dumps({"packages": others}), "utf-8")
    for _ in range(2):  # a second build finds the file of the first
        add_remote_packages(lock, full, "https://cdn.example/v1/full")
        assert json.loads(lock.read_text("utf-8")) == {
            "info": {"version": "1"},
            "packages": {
                "numpy": local,
                "pandas": {
                    "file_name": "https://cdn.example/v1/full/pandas-2.whl",
                    "depends": ["numpy"],
                },
                "far": {"file_name": "https://elsewhere.example/far-1.whl"},
            },
        }


def test_every_constraint_is_one_version() -> None:
    lines = [
        line
        for line in CONSTRAINTS.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    names = []
    for line in lines:
        found = re.fullmatch(r"([a-z0-9-]+) ?== ?[0-9][0-9a-z.]*", line)
        assert found is not None, line
        names.append(found[1])
    assert names == sorted(set(names))
    assert {"ipython", "ipywidgets", "cloudpickle", "micropip"} <= set(names)


#: The beginning of a snapshot: of a heap of 65,536 bytes, with a header of Pyodide's of 4 bytes.
SNAPSHOT = (
    b"\0asm\1\0\0\0\0\x25\x10jupyterlite-pool" + struct.pack("<4I", 2, 65_536, 4, 0) + b"head"
)


def test_a_snapshot_is_pinned_with_its_digest_outline_and_versions(tmp_path: Path) -> None:
    folder = tmp_path / "labextension"
    (folder / "static").mkdir(parents=True)
    about = folder / "pool.json"
    about.write_text('{"version": "1"}', "utf-8")
    snapshot = folder / "static" / "snapshot.bin"
    snapshot.write_bytes(gzip.compress(SNAPSHOT))
    lock = tmp_path / "lock.json"
    spec = {"info": {"version": "314"}, "packages": {"cloudpickle": {"version": "3"}}}
    lock.write_text(json.dumps(spec), "utf-8")
    for _ in range(2):  # the second time over the first
        pin_snapshot(snapshot, lock, about)
    assert json.loads(about.read_text("utf-8")) == {
        "version": "1",
        "snapshot": {
            "file": "static/snapshot.bin",
            "sha256": hashlib.sha256(snapshot.read_bytes()).hexdigest(),
            "pyodide": "314",
            "cloudpickle": "3",
            "heapSize": 65_536,
            "head": base64.b64encode(b"head").decode(),
        },
    }


@pytest.fixture
def make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[..., object]], Path]:
    """Makes a snapshot as if Node had written it, with a text that a function makes of paths."""
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "link").symlink_to(site)  # on some machines a build's folders are links
    packages = {name: {"file_name": f"{name}.whl"} for name in (NAME, "cloudpickle")}
    for about in packages.values():
        with zipfile.ZipFile(site / about["file_name"], "w") as wheel:
            wheel.writestr(f"{about['file_name']}.py", "")
    lock = site / "lock.json"
    lock.write_text(json.dumps({"packages": packages}), "utf-8")

    def make(content: Callable[..., object]) -> Path:
        def run(_: str, script: Path, pyodide: Path, files: Path, runner: str, out: Path) -> None:
            held = str(content(script=script, pyodide=pyodide, files=files))
            out.write_bytes(gzip.compress(b"memory\0" + held.encode() + b"\0memory"))

        monkeypatch.setattr(snapshot, "_run_node", run)
        target = site / "snapshot.bin"
        make_snapshot(tmp_path / "link" / "pyodide", lock, target)
        return target

    return make


@pytest.mark.parametrize(
    "held",
    [
        lambda files, **_: files,
        lambda pyodide, **_: f"{pyodide}/pyodide.asm.wasm",
        lambda pyodide, **_: f"file://{pyodide.resolve()}/pyodide.mjs",
        lambda script, **_: script,
    ],
    ids=["the build's own folder", "Pyodide's", "where a link leads to", "the script's"],
)
def test_a_snapshot_that_holds_a_path_of_this_machine_is_refused(
    make: Callable[[Callable[..., object]], Path], tmp_path: Path, held: Callable[..., object]
) -> None:
    with pytest.raises(RuntimeError, match="the snapshot holds a path of this machine: /"):
        make(held)
    assert not list(tmp_path.rglob("snapshot.bin"))


def test_a_snapshot_without_paths_of_this_machine_is_kept(
    make: Callable[[Callable[..., object]], Path],
) -> None:
    written = make(lambda **_: f"/lib/python3.14/{SCRIPT.name}")
    assert b"python3.14" in gzip.decompress(written.read_bytes())


def test_a_site_that_is_built_again_names_no_index_of_an_earlier_build(tmp_path: Path) -> None:
    ours = f"./extensions/{NAME}/static/pypi/all.json"
    other = "./pypi/all.json?sha256=3"
    urls = [f"{ours}?sha256=1", other, f"{ours}?sha256=2"]
    settings = {PYODIDE_KERNEL_PLUGIN_ID: {PIPLITE_URLS: urls, "kept": True}}
    config = tmp_path / "out" / "jupyter-lite.json"
    config.parent.mkdir()
    text = json.dumps({"jupyter-config-data": {"litePluginSettings": settings}})
    config.write_text(text, "utf-8")
    manager = LiteManager(lite_dir=tmp_path, output_dir=config.parent)
    addon = PoolAddon(manager, parent=manager)
    addon._write_wheel()
    after = addon.get_lite_plugin_settings(config, PYODIDE_KERNEL_PLUGIN_ID)
    assert after == {PIPLITE_URLS: [other], "kept": True}
