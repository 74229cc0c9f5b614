"""joblib's own tests of `Parallel`, on the pool, in a real kernel."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.support.kernel import Kernel
from tests.support.wheels import Wheels, download
from tests.upstream.joblib.edits import EDITS, edit
from tests.upstream.joblib.exclusions import EXCLUSIONS

JOBLIB = "joblib==1.6.0"
PYTEST = ["pytest==9.2.0", "iniconfig==2.3.1", "packaging==26.3", "pluggy==1.7.0"]

IN_KERNEL = (Path(__file__).parent / "in_kernel.py").read_text("utf-8")


def edited_tests() -> str:
    with zipfile.ZipFile(download(JOBLIB)) as wheel:
        return edit(wheel.read("joblib/test/test_parallel.py").decode())


def test_an_edit_that_does_not_fit_is_noticed() -> None:
    source = edited_tests()
    assert "jupyterlite" in source
    with pytest.raises(ValueError, match="is there 0 times"):
        edit(source)
    with pytest.raises(ValueError, match="is there 0 times"):
        edit("".join(one.old for one in EDITS[1:]))


@pytest.mark.timeout(900)
def test_joblibs_own_tests_pass(
    fresh_kernel: Kernel, wheels: Wheels, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = fresh_kernel
    wheels.install(kernel, JOBLIB, *PYTEST)
    kernel.run(
        "import joblib.test, pathlib\n"
        "path = pathlib.Path(joblib.test.__file__).with_name('test_parallel.py')\n"
        f"path.write_text({edited_tests()!r})"
    )
    kernel.run(IN_KERNEL)
    # Not `run`, which fails if a test raises an exception in a suspended `sleep` and catches it.
    print(kernel.execute(f"await run_tests({list(EXCLUSIONS)})").stdout)
    collected: dict[str, list[str]] = kernel.value("COLLECTED")
    outcomes: dict[str, str] = kernel.value("OUTCOMES")

    names = {name for names in collected.values() for name in names}
    unknown = EXCLUSIONS.keys() - names - collected.keys()
    assert not unknown, "these are excluded, but there is no such test"
    excluded = {
        name
        for function, names in collected.items()
        for name in names
        if name in EXCLUSIONS or function in EXCLUSIONS
    }
    assert outcomes.keys() == names - excluded, "not every test was run"
    wrong = {name: outcome for name, outcome in outcomes.items() if outcome != "passed"}
    # joblib's source marks its own known failures, with reasons.
    reports: dict[str, str] = kernel.value("REPORTS")
    print(*(f"{name}: {outcome}\n{reports.get(name)}" for name, outcome in wrong.items()))
    assert not wrong
    with capsys.disabled():
        print(f"\njoblib's own tests: {len(outcomes)} passed, {len(excluded)} excluded by name")
