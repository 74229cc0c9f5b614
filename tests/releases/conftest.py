"""Hosts with other releases of Pyodide."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Pages
from tests.releases.host import Host, lay_out
from tests.support.promises import PROMISES
from tests.support.wheels import CLOUDPICKLE, download

sys.path.insert(0, str(ROOT / "tools"))

from releases import CORES, UnavailableError, core, strangers_site

#: The release before the oldest on which workers start, that one, one between, and the newest.
TOO_OLD, OLDEST, BETWEEN, NEWEST = "0.26.4", "0.27.8", "0.29.5", "315.0.0-alpha.2"

#: Of each release that works, whether only the long tests try it.
RELEASES = {
    release: release not in (OLDEST, BETWEEN, NEWEST) for release in CORES if release != TOO_OLD
}


#: What `make test-all` leaves out: it has the oldest release, the newest and one between.
IN_SOAK = pytest.mark.skipif("MINUTES" not in os.environ, reason="`make soak` runs it")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave half of the contract to the long tests, for all releases but the oldest."""
    order = list(PROMISES)
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        release = params.get("host")
        if release in (BETWEEN, NEWEST) and "name" in params:
            turn = order.index(params["name"]) % 2
            if release != (BETWEEN, NEWEST)[turn]:
                item.add_marker(IN_SOAK)


def the_wheel() -> Path:
    """The wheel that users get."""
    found = list((ROOT / "dist").glob("*.whl"))
    if len(found) != 1:
        pytest.fail("there is no wheel: run `make build/.wheel`", pytrace=False)
    return found[0]


StartHost = Callable[[str], Host]


@pytest.fixture(scope="module")
def start_host(
    module_pages: Pages, serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> StartHost:
    """Starts a host with a release; skips where the release cannot be had."""

    def start(release: str, *more_wheels: Path) -> Host:
        try:
            folder = core(release)
        except UnavailableError as error:
            pytest.skip(str(error))
        wheels = [the_wheel(), download(CLOUDPICKLE)]
        served = tmp_path_factory.mktemp("hosts")
        lay_out(served, {"pyodide": folder}, [*wheels, *more_wheels])
        page = module_pages.open(f"{serve(served)}/index.html")
        return Host(page, "pyodide", [wheel.name for wheel in wheels])

    return start


@pytest.fixture(scope="module")
def site_of_strangers() -> Iterator[Path]:
    """The folder of a site that strangers have built; skips where it cannot be had."""
    try:
        yield strangers_site()
    except UnavailableError as error:
        pytest.skip(str(error))
