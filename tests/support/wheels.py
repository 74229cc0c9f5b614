"""Packages that a test installs in its kernel: wheels of PyPI, downloaded once."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.kernel import Kernel

#: Where they are kept; built files are not in git.
FOLDER = Path(__file__).parents[2] / "build" / "wheels"

TQDM = "tqdm==4.67.1"
JOBLIB = "joblib==1.6.0"
OLD_JOBLIB = "joblib==1.3.2"
CLOUDPICKLE = "cloudpickle==3.1.2"

#: Dask and what it imports, but for one package, which is compiled for other platforms.
DASK = (
    "dask==2026.8.0",
    "toolz==1.2.0",
    "partd==1.4.2",
    "locket==1.0.0",
    "fsspec==2026.9.0",
    "click==8.5.1",
    "packaging==26.3",
)
COMPILED_FOR_DASK = "pyyaml==6.0.3"

#: Packages that are compiled for Pyodide (PEP 783), and two versions of ones that are not.
MSGPACK = "msgpack==1.2.4"
OLD_MSGPACK = "msgpack==1.2.3"
XXHASH = "xxhash==4.1.0"
PYDANTIC_CORE = "pydantic-core==2.50.5"
INICONFIG = "iniconfig==2.1.0"
OLD_INICONFIG = "iniconfig==2.0.0"
OLD_PYGMENTS = "pygments==2.18.0"
OLD_JEDI = "jedi==0.19.1"
TYPING_EXTENSIONS = "typing-extensions==4.15.0"

#: What pip has to be told for them.
PYODIDE = ("--platform", "pyemscripten_2026_0_wasm32", "--python-version", "3.14", "--abi", "cp314")

#: Compiled modules are for one platform and one Python; these have wheels of every package.
SOME_PLATFORM = ("--platform", "manylinux2014_x86_64", "--python-version", "3.12")


def download(requirement: str) -> Path:
    """The wheel of a pinned requirement, `name==version`, without what it depends on."""
    wheel = _kept(requirement, "*")
    if wheel is None:
        # Any wheel for every platform will do: the kernel's Python is not this one.
        _pip_download(FOLDER, requirement)
        wheel = _kept(requirement, "*")
    assert wheel is not None
    return wheel


def download_pure(requirement: str) -> Path:
    """A wheel of the Python files of a package that is compiled for some platforms only.

    For packages that do without their compiled modules; written here, from a wheel of Linux.
    """
    wheel = _kept(requirement, "py3-none-any")
    if wheel is None:
        folder = FOLDER / "compiled"
        _pip_download(folder, requirement, *SOME_PLATFORM)
        compiled = _kept(requirement, "*", folder)
        assert compiled is not None
        name, version, *_ = compiled.stem.split("-")
        wheel = _without_compiled(compiled, FOLDER / f"{name}-{version}-py3-none-any.whl")
    return wheel


def download_compiled(requirement: str) -> Path:
    """The wheel of a package that is compiled for Pyodide."""
    wheel = _kept(requirement, "*_wasm32")
    if wheel is None:
        _pip_download(FOLDER, requirement, *PYODIDE)
        wheel = _kept(requirement, "*_wasm32")
    assert wheel is not None
    return wheel


def _kept(requirement: str, tags: str, folder: Path = FOLDER) -> Path | None:
    name, _, version = requirement.partition("==")
    found = list(folder.glob(f"{name.replace('-', '_')}-{version}-{tags}.whl"))
    return found[0] if found else None


def _pip_download(folder: Path, requirement: str, *options: str) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--only-binary", ":all:", "--dest", str(folder), *options, requirement),
        ],
        check=True,
    )


def _without_compiled(compiled: Path, wheel: Path) -> Path:
    with zipfile.ZipFile(compiled) as source:
        names = [name for name in source.namelist() if not name.endswith((".so", "/"))]
        files = {name: source.read(name) for name in names}
    [about] = (name for name in names if name.endswith(".dist-info/WHEEL"))
    files[about] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = about.replace("/WHEEL", "/RECORD")
    files[record] = "".join(f"{name},,\n" for name in names).encode()
    unfinished = wheel.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return unfinished.rename(wheel)


class Wheels:
    """Installs wheels in kernels, from a server of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def install(self, kernel: Kernel, *requirements: str, again: bool = False) -> None:
        """Install these and nothing that they depend on; `again`, in place of other versions."""
        self._install(kernel, [download(requirement) for requirement in requirements], again)

    def install_pure(self, kernel: Kernel, *requirements: str) -> None:
        """Install the Python files of packages that have no wheel for a kernel."""
        self._install(kernel, [download_pure(requirement) for requirement in requirements])

    def install_compiled(self, kernel: Kernel, *requirements: str) -> None:
        """Install packages that are compiled for Pyodide."""
        self._install(kernel, [download_compiled(requirement) for requirement in requirements])

    def compiled_url(self, requirement: str) -> str:
        """Where a wheel can be had."""
        return f"{self._url}/{download_compiled(requirement).name}"

    def serve_index(self, kernel: Kernel, *requirements: str) -> None:
        """Let `%pip install` of a kernel find these packages by their names."""
        index: dict[str, dict[str, dict[str, list[object]]]] = {}
        for requirement in requirements:
            name, _, version = requirement.partition("==")
            wheel = download(requirement)
            artifact = {
                "filename": wheel.name,
                "url": f"{self._url}/{wheel.name}",
                "digests": {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()},
            }
            releases = index.setdefault(name, {"releases": {}})["releases"]
            releases[version] = [artifact]
        text = json.dumps(index)
        # Under a name of its own: a kernel keeps what it has read of one.
        folder = FOLDER / f"index-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        folder.mkdir(exist_ok=True)
        (folder / "all.json").write_text(text, "utf-8")
        url = f"{self._url}/{folder.name}/all.json"
        kernel.run(f"from piplite import piplite\npiplite._PIPLITE_URLS.insert(0, {url!r})")

    def _install(self, kernel: Kernel, wheels: list[Path], again: bool = False) -> None:
        options = "--no-deps" + (" --force-reinstall" if again else "")
        urls = " ".join(f"{self._url}/{wheel.name}" for wheel in wheels)
        kernel.run(f"%pip install {options} {urls}")
