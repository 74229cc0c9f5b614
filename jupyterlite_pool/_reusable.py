"""Labextensions of every version start the shared pool by this module's name."""

from .api.shared import get_reusable_executor, start_ahead  # noqa: F401
