"""The contract of an executor, kept by a Dask cluster.

A file of its own, so that engines are tried side by side.
"""

from __future__ import annotations

from tests.contract.engines import contract_of

test_contract = contract_of("dask")
