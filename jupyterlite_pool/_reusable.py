"""Labextensions of every version start the shared pool by this module's name."""

from .api.shared import start_ahead as start_ahead
