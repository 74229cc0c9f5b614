"""How errors are shown, and their notes."""

from __future__ import annotations

import pytest

from jupyterlite_pool.tracebacks import (
    HOOK,
    add_note,
    attach,
    fold,
    interrupted,
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
