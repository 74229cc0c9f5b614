"""Snapshots with one flipped bit: a site serves them, and no worker is restored from them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Pages
from tests.support import ruined

from .conftest import Effort

#: Tells whether the pool gives its worker a snapshot to restore: the worker waits for this word.
#: With `whole` it also waits for the start, and tells whether the worker was restored and can
#: compute.
TRY = """async ([site, whole]) => {
  const folder = `${site}/extensions/jupyterlite-pool`;
  const about = await (await fetch(`${folder}/pool.json`)).json();
  const given = new Promise(resolve => {
    const post = (window.realPost ??= MessagePort.prototype.postMessage);
    MessagePort.prototype.postMessage = function (message, ...rest) {
      if (message?.path?.[0] === 'lay') {
        resolve(message.argumentList[0].value !== null);
      }
      return post.call(this, message, ...rest);
    };
  });
  const { PyodidePool } = await import(`${folder}/${about.pool}?${Math.random()}`);
  const pool = new PyodidePool(`${folder}/${about.worker}`, 1);
  const { file, ...told } = about.snapshot;
  const started = pool.init({
    pyodideUrl: `${site}/static/pyodide/pyodide.mjs`,
    snapshot: { ...told, url: `${folder}/${file}` }
  });
  started.catch(() => undefined);
  const outcome = { given: await given };
  if (whole) {
    await started;
    outcome.restored = pool.workers[0].restored;
    outcome.value = await pool.run('6 * 7');
  }
  pool.terminate();
  return outcome;
}"""


@pytest.fixture
def flipped(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ruined.Site, list[int]]]:
    """A site, and a list with the number of the bit of its snapshot to flip; empty for none."""
    bit: list[int] = []

    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        for place in bit:
            changed[place // 8] ^= 1 << place % 8
        return bytes(changed)

    monkeypatch.setitem(ruined.RUINS, "flipped", flip)
    with ruined.ruined_site(ROOT / "_output") as site:
        site.ruined["/snapshot.bin"] = "flipped"
        yield site, bit


def test_no_snapshot_with_a_flipped_bit_is_restored(
    pages: Pages, flipped: tuple[ruined.Site, list[int]], effort: Effort
) -> None:
    site, bit = flipped
    page = pages.open(f"{site.url}/jupyter-lite.json")

    def outcome(whole: bool) -> dict[str, Any]:
        found: dict[str, Any] = page.evaluate(TRY, [site.url, whole])
        return found

    assert outcome(whole=True) == {"given": True, "restored": True, "value": 42}
    snapshot = Path(ROOT / "_output/extensions/jupyterlite-pool/static/snapshot.bin")
    bits = 8 * snapshot.stat().st_size
    rng = random.Random(7)
    tried = 0
    for number in effort.times(1000, share=0.15, least=12):
        bit[:] = [rng.randrange(bits)]
        whole = number % 100 == 0
        if whole:
            page.reload()  # the page keeps the runtime of each try, which fills its memory
        seen = outcome(whole)
        assert seen["given"] is False
        if whole:
            assert (seen["restored"], seen["value"]) == (False, 42)
        tried += 1
    effort.keep("snapshots with a flipped bit", tried=tried, accepted=0)
