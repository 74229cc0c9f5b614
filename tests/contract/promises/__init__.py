"""What `concurrent.futures` promises of an executor, and what this one promises beyond.

Every function whose name begins with `contract_` is a promise. It takes `make`, which gives a new
executor with two workers, and shuts that executor down itself. `make` takes the options of
`WorkerPoolExecutor`.

The source of these files also runs in a notebook, as cells without the lines that begin with
"from .". So nothing here imports a test framework, and functions for workers are defined inside of
the promises.
"""
