"""How errors are shown, and their notes."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from jupyterlite_pool.tracebacks import (
    HOOK,
    add_note,
    attach,
    fold,
    interrupted,
    name_cells,
    notes_of,
    set_notes,
    shorten,
)


class RigidError(Exception):
    """An error whose class allows no attributes."""

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("no attributes")


def test_an_attribute_is_attached_to_any_error() -> None:
    error = RigidError()
    attach(error, "where", "here")
    assert vars(error) == {"where": "here"}


@pytest.mark.parametrize("kind", [ValueError, RigidError])
def test_notes_are_added_and_replaced(kind: type[Exception]) -> None:
    error = kind()
    assert notes_of(error) == []
    add_note(error, "first")
    add_note(error, "second")
    assert notes_of(error) == ["first", "second"]
    set_notes(error, ["third"])
    assert notes_of(error) == ["third"]


@pytest.mark.parametrize("notes", [None, 7, "text"])
def test_a_note_is_added_whatever_the_user_has_there(notes: object) -> None:
    error = ValueError()
    attach(error, "__notes__", notes)
    add_note(error, "ours")
    assert notes_of(error)[-1] == "ours"


def test_a_short_traceback_has_the_error_and_its_notes() -> None:
    error = shorten(ValueError("of a test"))
    add_note(error, "a note")
    lines = getattr(error, HOOK)()
    assert lines == ["Traceback (most recent call last):", "ValueError: of a test", "a note"]


def test_an_interrupt_is_short() -> None:
    assert getattr(interrupted(), HOOK)()[-1] == "KeyboardInterrupt: the kernel was interrupted"


def test_the_first_way_to_show_an_error_stays() -> None:
    error = fold(ValueError())
    way = getattr(error, HOOK)
    assert getattr(shorten(error), HOOK) is way


def test_an_error_that_allows_no_attributes_is_shown_as_ever() -> None:
    assert not hasattr(fold(RigidError()), HOOK)


def test_a_cell_has_the_same_name_in_all_tracebacks() -> None:
    space: dict[str, object] = {"__name__": "__main__", "shorten": shorten}
    code = compile("\n\nraise shorten(ValueError('x'))", "<ipython-input-124-00ffab12cd34>", "exec")
    with pytest.raises(ValueError, match="x") as caught:
        exec(code, space)
    shown = "\n".join(getattr(caught.value, HOOK)())
    assert "Cell In[124], line 3, in <module>" in shown
    assert "ipython-input" not in shown


@pytest.mark.parametrize("folder", ["/tmp/ipykernel_7", r"C:\\Temp\\ipykernel_7"])
def test_a_cell_of_an_ordinary_kernel_has_the_number_that_ipython_knows(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from IPython.core.compilerop import CachingCompiler

    compiler = CachingCompiler()
    cell, other = f"{folder}/1.py", f"{folder}/2.py"
    monkeypatch.setattr(compiler, "get_code_name", lambda *_: cell)
    compiler.cache("x = 1\n", 7)
    text = f'  File "{cell}", line 1\n  File "{other}", line 1\n'
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(compile=compiler))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert name_cells(text) == f'  Cell In[7], line 1\n  File "{other}", line 1\n'
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert name_cells(text) == text  # a worker does not know it
