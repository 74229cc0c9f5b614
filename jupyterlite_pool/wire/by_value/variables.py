"""Context variables of the notebook."""

from __future__ import annotations

import contextvars
import uuid
from typing import Any

#: Context variables by their ids, and their ids by the variables. Python keeps them for ever, too.
_variables: dict[str, contextvars.ContextVar[Any]] = {}
_ids: dict[contextvars.ContextVar[Any], str] = {}


def reduce_context_variable(variable: contextvars.ContextVar[Any]) -> Any:
    """A recipe of a context variable: its name and its default, not what is set now."""
    if variable not in _ids:
        _note(variable, uuid.uuid4().hex)
    try:
        default: tuple[Any, ...] = (contextvars.Context().run(variable.get),)
    except LookupError:
        default = ()
    return make_context_variable, (variable.name, _ids[variable], default)


def make_context_variable(
    name: str, variable_id: str, default: tuple[Any, ...]
) -> contextvars.ContextVar[Any]:
    """The context variable with an id."""
    if variable_id not in _variables:
        if default:
            _note(contextvars.ContextVar(name, default=default[0]), variable_id)
        else:
            _note(contextvars.ContextVar(name), variable_id)
    return _variables[variable_id]


def _note(variable: contextvars.ContextVar[Any], variable_id: str) -> None:
    _variables[variable_id] = variable
    _ids[variable] = variable_id
