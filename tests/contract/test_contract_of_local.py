"""The contract of an executor, kept by processes of this machine.

A file of its own, so that engines are tried side by side.
"""

from __future__ import annotations

from tests.contract.engines import contract_of

test_contract = contract_of("local")
