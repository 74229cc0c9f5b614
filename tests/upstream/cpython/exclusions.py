"""CPython's tests that need something that no executor in a browser has, with the reasons."""

from __future__ import annotations

_SUBPROCESS = "runs another Python as a subprocess, to see the end of an interpreter"
_SEMAPHORE = "makes tasks wait for a semaphore that processes share"
_TRACKER = "looks at the process that tracks resources of multiprocessing"
_ALARM = "sets an alarm by signal, and Emscripten has no signal.alarm"

#: The reason for each module and method.
EXCLUDED = {
    "test_process_pool.test_max_workers_too_large": "Windows alone has this limit",
    "test_process_pool.test_python_finalization_error": (
        "makes the start of the standard library's own threads fail"
    ),
    "test_process_pool.test_ressources_gced_in_workers": (
        "asks for a multiprocessing manager, which is a process with a server"
    ),
    "test_process_pool.test_saturation": _SEMAPHORE,
    "test_init.test_forkserver": _TRACKER,
    "test_init.test_spawn": _TRACKER,
    "test_shutdown.test_hang_gh83386": "CPython itself skips it for pools of processes",
    "test_shutdown.test_hang_gh94440": _ALARM,
    "test_shutdown.test_interpreter_shutdown": _SUBPROCESS,
    "test_shutdown.test_processes_terminate": _SEMAPHORE,
    "test_shutdown.test_submit_after_interpreter_shutdown": _SUBPROCESS,
    "test_deadlock.test_gh105829_should_not_deadlock_if_wakeup_pipe_full": (
        f"{_ALARM}; it also replaces the standard library's thread and pipe"
    ),
}
