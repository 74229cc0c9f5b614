"""Backends carry batches of tasks to workers and bring the results back.

The engines are `pyodide/`, `local/`, `dask/`, `threads` (for tests) and `nested` (inside a task).
All other modules here are what engines have in common.
"""
