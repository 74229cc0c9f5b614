"""What a kernel's heap holds."""

from __future__ import annotations

#: Source of `bytes_in_use()`, for a kernel that has Pyodide's C side as `module`.
BYTES_IN_USE = """
def bytes_in_use():
    info = module._malloc(64)
    module._mallinfo(info)
    used = module.HEAPU32[info // 4 + 7]  # uordblks
    module._free(info)
    return used
"""
