"""How many workers there are: the same rules in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jupyterlite_pool.backends import size as _limits
from jupyterlite_pool.backends.size import default_size, worker_cap

LIMITS_TS = Path(__file__).parents[3] / "labextension" / "src" / "pool" / "size.ts"


@pytest.mark.parametrize("name", ["CAP_WITHOUT_MEMORY_HINT", "WORKERS_PER_GIGABYTE"])
def test_typescript_has_the_same_constant(name: str) -> None:
    found = re.search(rf"const {name} = (\d+);", LIMITS_TS.read_text("utf-8"))
    assert found is not None
    assert int(found[1]) == getattr(_limits, name)


@pytest.mark.parametrize(("memory", "cap"), [(None, 8), (8, 16), (2, 4), (0.5, 1), (0.25, 1)])
def test_the_cap_follows_the_devices_memory(memory: float | None, cap: int) -> None:
    assert worker_cap(memory) == cap


@pytest.mark.parametrize(
    ("cores", "memory", "size"),
    [(4, 8, 4), (4, 1, 2), (64, None, 8), (64, 8, 16), (None, 8, 1), (0, None, 1), (2, 0.25, 1)],
)
def test_there_is_a_worker_for_each_core_up_to_the_cap(
    cores: int | None, memory: float | None, size: int
) -> None:
    assert default_size(cores, memory) == size
