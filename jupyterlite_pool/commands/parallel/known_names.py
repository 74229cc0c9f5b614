"""Names of functions, methods and modules that tell what a cell does."""

from __future__ import annotations

import re

#: Functions that can read or change what the text does not show.
BLIND = frozenset(
    {
        *("exec", "eval", "compile", "globals", "locals", "vars", "dir", "__import__"),
        *("get_ipython", "input", "breakpoint", "exit", "quit", "help", "setattr"),
        *("delattr",),
    }
)

#: What a notebook keeps of the cells before.
HISTORY = re.compile(r"_|__|___|_\d+|_i|_ii|_iii|_i\d+|_ih|_oh|_dh|In|Out")

#: Modules whose state all cells share, and what of them only reads.
SHARED_STATE: dict[str, frozenset[str]] = {
    "os": frozenset({"path", "sep", "linesep", "cpu_count", "getpid", "fspath"}),
    "sys": frozenset({"version", "version_info", "maxsize", "platform", "getsizeof", "float_info"}),
    **dict.fromkeys(
        (
            *("shutil", "subprocess", "warnings", "logging", "locale", "signal", "gc", "atexit"),
            *("builtins", "importlib", "ctypes", "threading", "faulthandler", "tempfile"),
            *("sqlite3", "socket", "js", "pyodide", "pyodide_js", "micropip", "piplite"),
            *("ipywidgets", "linecache", "readline", "resource", "contextvars", "weakref"),
        ),
        frozenset(),
    ),
    "asyncio": frozenset({"sleep", "gather", "wait_for", "timeout"}),
    "IPython": frozenset({"display"}),
}

#: What of IPython's displays changes other outputs.
CHANGES_OUTPUTS = frozenset({"clear_output", "update_display", "set_matplotlib_formats"})

#: Modules that use the pool.
POOLED = frozenset({"jupyterlite_pool", "joblib", "dask", "distributed", "multiprocessing"})
POOLED_PARTS = frozenset({"concurrent.futures"})

#: Modules that draw into a figure that all cells share.
DRAWING = frozenset({"matplotlib", "pylab", "seaborn"})

#: What of `numpy.random` has a state of its own.
OWN_RANDOM = frozenset({"default_rng", "Generator", "SeedSequence", "PCG64", "RandomState"})
OWN_RANDOM_OF_PYTHON = frozenset({"Random", "SystemRandom"})

#: Methods that change their object.
CHANGES = frozenset(
    {
        *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"),
        *("add", "discard", "update", "setdefault", "popitem", "difference_update"),
        *("intersection_update", "symmetric_difference_update", "appendleft"),
        *("extendleft", "popleft", "rotate", "fit", "partial_fit", "fill", "put"),
        *("resize", "setflags", "send", "throw", "close", "shuffle"),
    }
)

#: Methods that find names of the notebook by themselves, as in `table.query("a > @limit")`.
READ_NAMES = frozenset({"query", "eval", "from_formula"})

#: Functions that change their first argument.
CHANGE_ARGUMENT = frozenset({"next", "heappush", "heappop", "heapify", "insort", "insort_left"})

#: Functions and methods that write files, or change them in another way.
WRITES = re.compile(
    r"to_(csv|json|parquet|excel|pickle|hdf|feather|sql|html|latex|stata|orc|xml|clipboard|netcdf|zarr)"
    r"|savez?(_\w+)?|savetxt|save\w*|write\w*|dump|tofile|unlink|mkdir|makedirs|rmdir|rename|touch"
    r"|symlink_to|hardlink_to|extractall|extract|urlretrieve|mount|download\w*"
)

#: Functions of modules that are called for what they set.
SETS = re.compile(
    r"(set|seed|use|register|enable|disable|config|init|install|reset|filter|add_|load_ext|push|pop)"
    r"\w*"
)
