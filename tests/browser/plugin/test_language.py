"""A page in another language than English: German, as JupyterLite builds it from language packs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import ROOT, Pages
from tests.support.notebook import Notebook
from tests.support.panel import RESTORED, START, status_item

# States of pools are waited for, which other tests beside these delay.
pytestmark = pytest.mark.alone

LANGUAGE = "de_DE"


def speaks_german(config: dict[str, Any]) -> None:
    """As `overrides.json` of a site chooses a language."""
    config["settingsOverrides"] = {
        "@jupyterlab/translation-extension:plugin": {"locale": LANGUAGE},
    }


@pytest.fixture
def page(pages: Pages, changed_site: Callable[..., str]) -> Page:
    page = pages.open(f"{changed_site(speaks_german)}/lab/index.html")
    page.evaluate(RESTORED)
    expect(page.get_by_role("tab", name="Worker-Pool", exact=True)).to_be_visible()
    return page


def find_in_palette(page: Page, text: str) -> Locator:
    """The commands that the palette finds."""
    page.keyboard.press("Control+Shift+C")
    page.get_by_placeholder("SUCHEN", exact=True).locator("visible=true").last.fill(text)
    return page.locator(".lm-CommandPalette-item")


def test_the_site_has_what_the_build_made_of_the_catalogue() -> None:
    file = ROOT / "_output" / "api" / "translations" / f"{LANGUAGE}.json"
    kept = ROOT / f"jupyterlite_pool/site/locale/{LANGUAGE}/LC_MESSAGES/jupyterlite_pool.json"
    built = json.loads(file.read_text("utf-8"))["data"]
    assert built["jupyterlite_pool"] == json.loads(kept.read_text("utf-8"))


def test_status_item_panel_and_commands_speak_the_language_of_the_page(page: Page) -> None:
    notebook = Notebook(page)
    notebook.run(START)
    notebook.run("last = pool_map(fails, range(10), return_exceptions=True, label='failing')")
    item = status_item(page)
    expect(item).to_have_attribute("title", re.compile("2 von 2 Workern bereit, 0 beschäftigt"))
    item.click()
    region = page.get_by_role("region", name="Worker-Pool", exact=True)
    expect(region).to_contain_text("2 von 2 Workern bereit, 0 beschäftigt")
    expect(region.get_by_role("button", name="Alle abbrechen", exact=True)).to_be_visible()
    workers = region.get_by_role("table", name="Worker von „Gemeinsamer Pool“")
    expect(workers.get_by_role("columnheader")).to_have_text(
        ["Worker", "Zustand", "Fertig", "Speicher", "Alter"]
    )
    expect(workers).to_contain_text("frei")
    expect(region.get_by_role("progressbar", name="failing", exact=True)).to_have_attribute(
        "aria-valuetext", "fertig, mit Fehlern, 10 von 10, 2 fehlgeschlagen"
    )
    expect(region.get_by_text("2 fehlgeschlagene Elemente")).to_be_visible()
    expect(region).to_contain_text("Solange etwas lief, liefen im Mittel")
    found = find_in_palette(page, "Worker-Pool skal")
    expect(found.first).to_contain_text("Worker-Pool skalieren…")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Wie viele Worker soll „Gemeinsamer Pool“ haben?")
    dialog.get_by_role("textbox").fill("1")
    dialog.get_by_role("button", name="Skalieren", exact=True).click()
    expect(region).to_contain_text("1 von 1 Workern bereit")


def test_settings_and_menus_speak_the_language_of_the_page(page: Page) -> None:
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-item").filter(has_text="Worker-Pool").hover()
    expect(page.locator(".lm-Menu-item").filter(has_text="Alle Jobs abbrechen")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+,")
    page.locator(".jp-PluginList").get_by_text("Worker-Pool", exact=True).click()
    form = page.locator(".jp-SettingsPanel")
    expect(form.get_by_role("heading", name="Worker-Pool", exact=True)).to_be_visible()
    expect(form.get_by_text("Anzahl der Worker", exact=True)).to_be_visible()
    expect(form.get_by_text("Sekunden, nach denen ein Job seine Fortschrittskarte")).to_be_visible()
