"""How `display` in a worker represents an object."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyterlite_pool.worker.display import Display, bundle


class Rich:
    def _repr_html_(self) -> str:
        return "<b></b>"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return b"\x89PNG", {"width": 3}

    def _repr_latex_(self) -> None:
        return None

    def __repr__(self) -> str:
        return "rich"


class Whole:
    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {"text/plain": "own", "application/x": {"y": [1]}}, {"m": 1}


def test_the_forms_of_an_object() -> None:
    data, metadata = bundle(Rich())
    assert data == {"text/html": "<b></b>", "image/png": b"\x89PNG", "text/plain": "rich"}
    assert metadata == {"image/png": {"width": 3}}
    assert bundle(Rich(), include=["text/html"])[0].keys() == {"text/html"}
    assert "text/html" not in bundle(Rich(), exclude=["text/html"])[0]
    assert bundle(Whole()) == ({"text/plain": "own", "application/x": {"y": [1]}}, {"m": 1})


def test_a_class_and_an_object_with_every_attribute_are_text() -> None:
    class Every:
        def __getattr__(self, name: str) -> Any:
            return lambda *_: "wrong"

    assert bundle(Rich)[0].keys() == {"text/plain"}
    assert bundle(Every())[0].keys() == {"text/plain"}


def test_what_is_posted_is_json_with_pictures_as_text() -> None:
    posted: list[str] = []
    display = Display(posted.append)
    handle = display(Rich(), metadata={"more": 2}, display_id="d")
    assert handle is not None
    handle.update(1)
    first, second = map(json.loads, posted)
    assert first["data"]["image/png"] == "iVBORw=="
    assert first["metadata"] == {"image/png": {"width": 3}, "more": 2}
    assert first["transient"] == {"display_id": "d"}
    assert not first["update"]
    assert second["data"] == {"text/plain": "1"}
    assert second["update"]
    with pytest.raises(TypeError, match="display_id required"):
        display(1, update=True)
    with pytest.raises(TypeError, match="cannot display a value of type 'set'"):
        display({"x/y": {1}}, raw=True)
