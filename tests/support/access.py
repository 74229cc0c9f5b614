"""Whether everybody can use what is on a page: axe looks, in each of JupyterLab's themes."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")

CHANGE_THEME = """theme =>
  window.jupyterapp.commands.execute('apputils:change-theme', { theme })"""


def change_theme(page: Page, theme: str) -> None:
    """Show the page in a theme of JupyterLab."""
    page.evaluate(CHANGE_THEME, theme)
    light = "true" if theme.endswith("Light") else "false"
    body = page.locator(f"body[data-jp-theme-name='{theme}'][data-jp-theme-light={light}]")
    expect(body).to_be_attached()


def violations(page: Page, part: Locator) -> list[str]:
    """What axe finds in a part of a page, each on a line."""
    part.scroll_into_view_if_needed()
    handle = part.element_handle()
    assert handle is not None
    handle.evaluate("node => node.setAttribute('data-looked-at', '')")
    found = Axe().run(page, context="[data-looked-at]")
    handle.evaluate("node => node.removeAttribute('data-looked-at')")
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]
