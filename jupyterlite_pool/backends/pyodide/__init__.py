"""The backend whose workers are web workers with Pyodide."""
