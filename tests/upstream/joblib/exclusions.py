"""joblib's tests that do not apply to the pool, with the reasons.

A name without parameters excludes the test with all its parameters.
"""

from __future__ import annotations

#: The reasons. Most are things that a browser, or this kernel, does not have.
_PROCESSES = "starts processes of its own: multiprocessing.Manager"
_SCRIPTS = "runs a script in another Python"
_START_METHODS = "tests how multiprocessing starts processes"
_THREADS = "tests joblib's threading backend, which has no threads here"
_MEMMAPS = "tests arrays in memory that processes share as files"
_BLAS = "tests limits of the threads of numerical libraries, which have one thread here"
_NUMPY = "needs numpy, which comes from Pyodide's CDN"
_AGAIN = "repeats a test that runs, with another name of the same backend, and replaces workers"

EXCLUSIONS = {
    "test_abort_backend[2-None]": _AGAIN,
    "test_abort_backend[2-backend2]": _AGAIN,
    "test_abort_backend[-1-None]": _AGAIN,
    "test_abort_backend[-1-backend2]": _AGAIN,
    "test_abort_backend[-1-jupyterlite]": _AGAIN,
    "test_auto_memmap_on_arrays_from_generator": _MEMMAPS,
    "test_background_thread_parallelism": _THREADS,
    "test_backend_no_multiprocessing": "tests what joblib says where a backend is missing",
    "test_dask_backend_when_dask_not_installed": "tests joblib's backend for dask",
    "test_deadlock_with_generator": _NUMPY,
    "test_default_mp_context": _START_METHODS,
    "test_dispatch_multiprocessing": _PROCESSES,
    "test_effective_n_jobs_None": _THREADS,
    "test_initializer_context": _PROCESSES,
    "test_initializer_not_reused": _PROCESSES,
    "test_initializer_parallel": _PROCESSES,
    "test_initializer_reused": _PROCESSES,
    "test_memmap_with_big_offset": _MEMMAPS,
    "test_memmapping_leaks": _MEMMAPS,
    "test_multiple_generator_call_managed[-1-generator-jupyterlite]": _AGAIN,
    "test_multiple_generator_call_managed[-1-generator_unordered-jupyterlite]": _AGAIN,
    "test_nested_parallel_warnings": "tests warnings that multiprocessing backends give",
    "test_nested_parallelism_limit": _THREADS,
    "test_no_blas_crash_or_freeze_with_subprocesses": _BLAS,
    "test_parallel_byteorder_corruption": _NUMPY,
    "test_parallel_thread_limit": _BLAS,
    "test_parallel_with_interactively_defined_bound_method_loky": _SCRIPTS,
    "test_parallel_with_interactively_defined_functions": _SCRIPTS,
    "test_parallel_with_interactively_defined_functions_loky": _SCRIPTS,
    "test_parallel_with_unpicklable_functions_in_args": _SCRIPTS,
    "test_retrieval_context": _THREADS,
    "test_threadpool_limitation_in_child_context": _BLAS,
    "test_threadpool_limitation_in_child_loky": _BLAS,
    "test_threadpool_limitation_in_child_override": _BLAS,
}
