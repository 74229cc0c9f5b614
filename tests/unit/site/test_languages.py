"""The languages of the page: every text that people see is in every catalogue, and nothing else.

JupyterLab's server is imported where a test asks it: that takes seconds, in each process of a run.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import jupyterlite_pool
from jupyterlite_pool.site.wheel import NAME

ROOT = Path(__file__).parents[3]
LABEXTENSION = ROOT / "labextension"
SCRIPTS = LABEXTENSION / "src"
STRINGS = ROOT / "tests" / "support" / "strings.mjs"
CATALOGUES = ROOT / "jupyterlite_pool" / "site" / "locale"
DOMAIN = "jupyterlite_pool"

#: Stands between the context of a text and the text itself.
CONTEXT = "\x04"

#: The one call whose texts are in schemas.
OF_SCHEMAS = ("plugin/language.ts", "trans._p(context, part)")

#: JupyterLab shows this many characters of a notification.
NOTIFICATION = 140

languages = pytest.mark.parametrize(
    "language", sorted(path.name for path in CATALOGUES.iterdir() if path.is_dir())
)


def read(*files: Path) -> dict[str, Any]:
    """What `strings.mjs` finds in each file."""
    command = [sys.executable, str(ROOT / "tools" / "node.py"), "node", str(STRINGS)]
    done = subprocess.run(
        [*command, str(LABEXTENSION), *map(str, files)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@cache
def sources() -> dict[str, Any]:
    """What it finds in all sources, by their path below `src`."""
    found = read(*sorted(SCRIPTS.rglob("*.ts*")))
    return {Path(file).relative_to(SCRIPTS).as_posix(): texts for file, texts in found.items()}


def key_of(function: str, *texts: str) -> tuple[str, tuple[str, ...]]:
    """The key of a call in a catalogue, and its English forms."""
    context, forms = ([texts[0]], texts[1:]) if function in ("_p", "_np") else ([], texts)
    return CONTEXT.join([*context, forms[0]]), forms


def schema_texts(part: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What people read of a schema, each with its context, as JupyterLab's server finds it."""
    from jupyterlab_server.translation_utils import DEFAULT_SCHEMA_SELECTORS

    if isinstance(part, dict):
        for name, each in part.items():
            yield from schema_texts(each, f"{path}/{name}")
    elif isinstance(part, list):
        for place, each in enumerate(part):
            yield from schema_texts(each, f"{path}[{place}]")
    elif isinstance(part, str):
        for selector, context in DEFAULT_SCHEMA_SELECTORS.items():
            if re.fullmatch(f"/{selector}", path):
                yield context, part
                return


@cache
def expected() -> dict[str, set[tuple[str, ...]]]:
    """The English forms of each key, as the sources and the schemas have them."""
    found: dict[str, set[tuple[str, ...]]] = {}
    calls = [call for texts in sources().values() for call in texts["translated"]]
    for schema in sorted((LABEXTENSION / "schema").glob("*.json")):
        texts = schema_texts(json.loads(schema.read_text("utf-8")))
        calls += [("_p", context, text) for context, text in texts]
    for call in calls:
        key, forms = key_of(*call)
        found.setdefault(key, set()).add(forms)
    return found


def path_of(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.json"


def catalogue(language: str) -> dict[str, Any]:
    """A catalogue as it is kept; a key that is there twice is an error."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)
        return dict(pairs)

    text = path_of(language).read_text("utf-8")
    messages: dict[str, Any] = json.loads(text, object_pairs_hook=once)
    return messages


def forms_of(language: str) -> dict[str, list[str]]:
    return {key: forms for key, forms in catalogue(language).items() if key != ""}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\d+", text))


def test_every_text_that_people_see_can_be_translated() -> None:
    left = [(file, text) for file, texts in sources().items() for text in texts["untranslated"]]
    file, call = OF_SCHEMAS
    known = [each for each in left if each[0] == file and call in each[1]]
    assert len(known) == 1
    assert [each for each in left if each not in known] == []


def test_no_text_has_two_kinds_of_forms() -> None:
    # JupyterLab finds only one of them in a catalogue.
    assert {key: forms for key, forms in expected().items() if len(forms) > 1} == {}


@languages
def test_a_catalogue_has_exactly_the_texts_of_the_sources(language: str) -> None:
    kept = forms_of(language)
    assert sorted(expected().keys() - kept.keys()) == [], "these are missing"
    assert sorted(kept.keys() - expected().keys()) == [], "nothing has these any more"


@languages
def test_a_catalogue_says_what_it_is(language: str) -> None:
    about = catalogue(language)[""]
    assert about["domain"] == DOMAIN
    assert about["language"] == language.replace("_", "-")
    assert about["version"] == jupyterlite_pool.__version__
    assert re.fullmatch(r"nplurals=\d; plural=[-?|&=!<>+*/%:;n0-9_() ]+;", about["plural_forms"])


@languages
def test_each_text_has_all_its_plural_forms(language: str) -> None:
    found = re.match(r"nplurals=(\d)", catalogue(language)[""]["plural_forms"])
    assert found is not None
    for key, forms in forms_of(language).items():
        [english] = expected()[key]
        assert len(forms) == (int(found[1]) if len(english) > 1 else 1), key
        assert all(form.strip() for form in forms), key


@languages
def test_each_text_has_the_placeholders_of_the_english_one(language: str) -> None:
    for key, forms in forms_of(language).items():
        [english] = expected()[key]
        wanted = [placeholders(text) for text in english]
        # A form for one item may say "one", and one for several has the number.
        assert placeholders(forms[-1]) == wanted[-1], key
        assert all(placeholders(form) in wanted for form in forms), key


@languages
def test_notifications_are_shown_to_their_end(language: str) -> None:
    kept = forms_of(language)
    calls = sources()["plugin/kernels/stubborn.ts"]["translated"]
    assert len(calls) == 3
    for call in calls:
        key, english = key_of(*call)
        assert max(map(len, [*english, *kept[key]])) <= NOTIFICATION, key


@languages
def test_the_wheel_has_the_catalogue(language: str) -> None:
    distribution = importlib.metadata.distribution(NAME)
    name = path_of(language).relative_to(ROOT).as_posix()
    [installed] = [file for file in distribution.files or () if file.as_posix() == name]
    assert Path(str(installed.locate())).read_bytes() == path_of(language).read_bytes()


def test_jupyterlabs_server_finds_the_catalogue() -> None:
    from jupyterlab_server.translation_utils import get_language_pack

    packs, problems = get_language_pack("de_DE")
    assert problems == ""
    assert packs[DOMAIN] == catalogue("de_DE")


def test_jupyterlites_build_finds_the_catalogue() -> None:
    from jupyterlite_core.addons.translation import TranslationAddon
    from jupyterlite_core.manager import LiteManager

    languages_of_site, packs = TranslationAddon(manager=LiteManager()).translation_data
    assert languages_of_site["data"]["de_DE"]["nativeName"].startswith("Deutsch")
    assert packs["de_DE"]["data"][DOMAIN] == catalogue("de_DE")


def test_texts_and_what_should_be_one_are_found(tmp_path: Path) -> None:
    source = tmp_path / "some.tsx"
    source.write_text(
        "const label = trans.__('One ' + 'two');\n"
        "trans._n('%1 item', '%1 items', count);\n"
        "this.trans._p('menu', 'Open');\n"
        "trans.__(`of ${name}`);\n"
        "const part = <p title='A hint' className='jp-some'>Some text · {label}</p>;\n"
        "node.setAttribute('aria-label', 'A name');\n"
        "node.textContent = 'A text';\n"
        "Notification.info('News');\n"
        "command({ label: 'Do it', id: 'some:command', title: label, caption: '· ·' });\n",
        "utf-8",
    )
    [found] = read(source).values()
    assert found["translated"] == [
        ["__", "One two"],
        ["_n", "%1 item", "%1 items"],
        ["_p", "menu", "Open"],
    ]
    assert found["untranslated"] == [
        "line 4: trans.__(`of ${name}`) is no text that can be found",
        "line 5: A hint",
        "line 5: Some text ·",
        "line 6: A name",
        "line 7: A text",
        "line 8: News",
        "line 9: Do it",
    ]
