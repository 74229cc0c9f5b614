"""placeholder"""
from __future__ import annotations
from typing import Any
def load_ipython_extension(shell: Any) -> None:
    """x"""
