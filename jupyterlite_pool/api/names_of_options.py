"""Names of options that people bring from elsewhere, and which of ours they mean."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from typing import ParamSpec, TypeVar

from ..tracebacks import fold

P = ParamSpec("P")
R = TypeVar("R")

#: Options of `retry_failed`: those of `pool_map`, but for what its items are.
OF_RETRY = (
    *("max_workers", "chunksize", "seed", "timeout", "task_timeout", "retries"),
    *("return_exceptions", "progress", "label", "group_outputs", "block"),
)

#: Our names, and those that joblib, tqdm, multiprocessing and others have for the same. Letters
#: count, but no case and no underscore.
_SAME = {
    "max_workers": "njobs jobs processes nprocesses nprocs numprocs numprocesses procs workers "
    "nworkers numworkers maxprocesses ncpus numcpus cpus ncores numcores cores nthreads threads "
    "numthreads numproc nproc nbworkers concurrency parallelism maxconcurrency poolsize",
    "chunksize": "chunk chunks batchsize batch chunklength",
    "label": "desc description name title",
    "progress": "verbose disable progressbar showprogress showprogressbar pbar bar tqdm usetqdm "
    "withprogress quiet silent noprogress",
    "total": "length size count nitems numitems iterablelen n",
    "return_exceptions": "error errors onerror raiseexceptions raiseonerror returnerrors "
    "ignoreerrors ignoreexceptions continueonerror failfast catch suppress",
    "retries": "retry maxretries nretries tries attempts maxattempts",
    "timeout": "timeoutseconds timelimit maxtime deadline",
    "task_timeout": "tasktimelimit itemtimeout timeoutperitem timeoutpertask workertimeout",
    "seed": "randomseed randomstate rng",
    "block": "wait blocking sync asynchronous async",
    "starmap": "star unpack argumenttype unpackarguments expand multiargs",
    "group_outputs": "groupoutput outputs",
    "max_tasks_per_child": "maxtasksperchild maxtasksperworker workerlifespan tasksperchild",
    "initializer": "init initfunction initfn workerinit setup onstart",
    "initargs": "initarguments initializerargs workerinitargs",
    "max_worker_memory": "memorylimit maxmemory memory",
    "idle_timeout": "idleworkertimeout idle idletime",
    "packages": "requirements modules imports dependencies",
    "buffersize": "predispatch prefetch readahead",
}

#: What to do where we have no option of this kind.
_ADVICE = {
    "the results have the order of the items anyway; `as_completed()` of the result gives them as "
    "they come": "ordered unordered order sort sorted keeporder inorder",
    "the card stays when the job has ended, and `progress=False` shows none": "leave position "
    "ncols colour color mininterval maxinterval miniters ascii unit unitscale barformat smoothing "
    "dynamicncols tqdmclass postfix file initial progressbaroptions progressbarstyle",
    "there is one kind of worker, so leave it out": "backend prefer require context mpcontext "
    "startmethod scheduler daemon usedill usethreads useprocesses mode",
    "give the function and the items first and without names, as in `pool_map(f, xs)`": "fn func "
    "function f callable iterable iterables iter items data xs tasks inputs array",
    "bind the arguments to the function, as in `functools.partial(f, …)`": "args kwargs kwds "
    "arguments params fnargs fnkwargs funcargs funckwargs",
    "loop over `as_completed()` of the result instead": "callback errorcallback donecallback "
    "oncomplete ondone callbacks",
    "use the method `map` of your own executor instead": "pool executor client",
    "give it to `WorkerPoolExecutor`, and use its method `map`": "initializer initargs "
    "maxtasksperchild maxworkermemory idletimeout packages",
    "items without a length are read only as the pool has room for them, so leave it out": (
        "predispatch prefetch buffersize readahead maxqueue"
    ),
}


def squeezed(name: str) -> str:
    """A name without what people spell in different ways."""
    return name.lower().replace("_", "").replace("-", "")


_OURS = {theirs: ours for ours, names in _SAME.items() for theirs in names.split()}
_WHAT_TO_DO = {name: advice for advice, names in _ADVICE.items() for name in names.split()}


def meant(name: str, known: Collection[str]) -> str | None:
    """The option of ours that somebody means who writes `name`; None if we have none.

    Args:
        known: our options.
    """
    asked = squeezed(name)
    same = next((ours for ours in known if squeezed(ours) == asked), None)
    return same or next((ours for ours in known if ours == _OURS.get(asked)), None)


def advice_on(name: str) -> str | None:
    """What to do instead for somebody who writes `name`; None if it is not known."""
    return _WHAT_TO_DO.get(squeezed(name))


def no_such_option(function: str, name: str, known: Collection[str]) -> str:
    """What to tell somebody who gave an option that there is not.

    Args:
        function: the name of the function, as the message shows it.
        known: the options that it has.
    """
    start = f"{function} has no option {name!r}"
    ours, advice = meant(name, known), advice_on(name)
    if ours is not None:
        return f"{start}; it is {ours!r}"
    if advice is not None:
        return f"{start}: {advice}"
    close = difflib.get_close_matches(name, sorted(known), 1)
    if close:
        return f"{start}; did you mean {close[0]!r}?"
    return f"{start}. Its options are {', '.join(sorted(known))}"


def check_names_of_options(function: str, given: Iterable[str], known: Collection[str]) -> None:
    """Check that a function has all options that it is given.

    Raises:
        TypeError: it has not; the message says what it has in its place.
    """
    for name in given:
        if name not in known:
            raise fold(TypeError(no_such_option(f"{function}()", name, known)))


def explains_its_options(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function say which option is meant if it is given one that it does not have."""
    parameters = inspect.signature(function).parameters.values()
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    known = frozenset(each.name for each in parameters if each.kind in named) - {"self"}
    shown = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        if not known.issuperset(kwargs):
            check_names_of_options(shown, kwargs, known)
        return function(*args, **kwargs)

    return call
