"""Batches go to Pyodide in web workers."""
