"""The outcome of a fault in a pool, and the table of all pools."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from .driving import CANCELLED, DEAF, LIMIT, NEXT, OTHERS, SIZE
from .tasks import JUNK, LATE, PAUSE

FILE = Path(__file__).parents[3] / "build" / "faults-beside.json"

OURS = "jupyterlite-pool"

#: The pools of others, as the table names them.
WORKERPOOL, LOKY, CPYTHON = "npm `workerpool`", "loky", "CPython"

#: All pools, in the order of the table.
POOLS = [OURS, WORKERPOOL, LOKY, CPYTHON]


class Fault(NamedTuple):
    """A fault."""

    #: The words of the table.
    words: str
    #: Seconds from the call of its task to the fault; None if it counts from the task's end.
    instant: float | None = PAUSE
    #: Whether its pool is open afterwards, and not shut down.
    stays: bool = True
    #: Pools that cannot have this fault.
    lacks: tuple[str, ...] = ()


#: All faults, in the order of `inside/faults.py`. A fault that is also there has the same name.
FAULTS: dict[str, Fault] = {
    "raises": Fault("a task raises `ValueError`"),
    "raises_system_exit": Fault("a task raises `SystemExit`"),
    "raises_keyboard_interrupt": Fault("a task raises `KeyboardInterrupt`"),
    "exits": Fault("a task calls `os._exit(7)`"),
    "aborts": Fault("a task calls `os.abort()`"),
    "traps": Fault("a task reads memory that is not there"),
    "overflows": Fault("a task recurses until the stack of C overflows"),
    "recurses": Fault("a task recurses for ever in Python"),
    "returns_what_is_too_deep": Fault("a task returns a list of 100,000 lists in each other"),
    "fills_memory": Fault("a task takes memory until there is none, natively 4 GiB", None),
    "loops": Fault("a task loops for ever in Python, with a time limit where there is one", LIMIT),
    "loops_in_c": Fault("a task loops for ever in C, with a time limit where there is one", LIMIT),
    "loops_in_a_regex": Fault(
        "a task's regular expression never ends, with a time limit where there is one", LIMIT
    ),
    "talks_on": Fault("a worker is killed while its task goes on talking, natively by `SIGKILL`"),
    "closes": Fault("a task closes its worker, which tells nobody, natively by `SIGKILL`"),
    "vanishes": Fault("the browser ends a worker, and tells nobody, natively `SIGKILL`"),
    "throws_late": Fault("a task leaves behind a timer that throws", 5 * LATE),
    "ends_between_tasks": Fault("an idle worker ends, and tasks come before the pool knows", 0.0),
    "cannot_be_sent": Fault(
        "an argument cannot be sent: a generator, in JavaScript a function", 0.0
    ),
    "cannot_be_read": Fault("an argument raises when it is read"),
    # In JavaScript, reading a cloned message runs no code.
    "returns_what_cannot_be_read": Fault("a result raises when it is read", lacks=(WORKERPOOL,)),
    "ends_its_reader": Fault("an argument ends the worker that reads it"),
    "forges": Fault("a task forges a result of its own worker"),
    "dies_while_the_notebook_computes": Fault(
        "a worker dies while the caller computes and hears nothing", DEAF
    ),
    # JavaScript can only await.
    "waits_within_a_wait": Fault(
        "a second wait begins while the caller waits", 0.0, lacks=(WORKERPOOL,)
    ),
    "is_shut_down": Fault("a pool is shut down in the middle of its work", stays=False),
    "cannot_start": Fault("an initializer raises", 0.0),
}

#: Faults of `inside/faults.py` that only our pool can have: no other pool reads an iterable through
#: a window or restores workers from memory.
OURS_ALONE = {
    "exits_without_a_spare",
    "starts_while_the_notebook_computes",
    "has_too_much_to_do",
    "are_alike",
}


def faults_of(pool: str) -> list[str]:
    """The faults that a pool can have."""
    return [name for name, fault in FAULTS.items() if pool not in fault.lacks]


#: The ends of a task that has neither its value nor an error.
NO_END, FORGED = "never", "a forged value"

HEAD = (
    f"| what happens | to | its task ends with | others failed, of {OTHERS} | next calls that ran, "
    f"of {NEXT} | both workers back within (of a start) |\n|---|---|---|--:|--:|--:|"
)


class Outcome(NamedTuple):
    """The outcome of one fault in one pool."""

    #: The class of the faulty task's error, or `NO_END`, or `FORGED`; None if it gave its value.
    ends: str | None
    #: The first line of the error.
    message: str | None
    #: How many of the other tasks failed, were cancelled, and never ended.
    failed: int
    cancelled: int
    unended: int
    #: How many of the next calls gave a value.
    ran: int
    #: Seconds from the fault until both workers had given values; None if they never did.
    back: float | None


def judge(told: dict[str, Any]) -> Outcome:
    """Read the outcome from the calls that a driver has recorded."""
    faulty, others, instant = told["faulty"], told["others"], told["instant"]
    back: dict[str, float] = {}
    for call in told["calls"]:
        if call["at"] is not None and call["error"] is None and call["at"] >= instant:
            back[call["value"]] = min(call["at"], back.get(call["value"], call["at"]))
    ends = faulty["error"]
    if faulty["at"] is None:
        ends = NO_END
    elif faulty["value"] == JUNK:
        ends = FORGED
    return Outcome(
        ends=ends,
        message=faulty["message"] and faulty["message"].partition("\n")[0],
        failed=sum(call["error"] not in (None, CANCELLED) for call in others),
        cancelled=sum(call["error"] == CANCELLED for call in others),
        unended=sum(call["at"] is None for call in others),
        ran=sum(call["at"] is not None and call["error"] is None for call in told["next"]),
        back=sorted(back.values())[SIZE - 1] - instant if len(back) >= SIZE else None,
    )


class Beside:
    """Keeps the outcomes of a run."""

    def __init__(self) -> None:
        #: The outcomes, by pool and then by fault.
        self.told: dict[str, dict[str, Any]] = {}
        #: The reason for each pool that is missing here.
        self.absent: dict[str, str] = {}

    def add(self, pool: str, name: str, tell: Callable[[float | None], dict[str, Any]]) -> Outcome:
        """Cause a fault in a pool, and keep the outcome."""
        told = tell(FAULTS[name].instant)
        outcome = judge(told)
        self.told.setdefault(pool, {})[name] = {"start": told["start"], **outcome._asdict()}
        return outcome

    def write(self) -> None:
        """Write the outcomes for the table; pools without any keep those of an earlier run."""
        kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"pools": {}, "absent": {}}
        kept["pools"].update(self.told)
        present = {pool: why for pool, why in kept["absent"].items() if pool not in self.told}
        kept["absent"] = {**present, **self.absent}
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def table(report: dict[str, Any]) -> str:
    """The table of all faults in all pools; times also as shares of a start of the same pool."""
    pools = {pool: report["pools"][pool] for pool in POOLS if pool in report["pools"]}
    starts = {
        pool: statistics.median(f["start"] for f in told.values() if f["start"] is not None)
        for pool, told in pools.items()
    }
    lines = [HEAD]
    for name, fault in FAULTS.items():
        words = fault.words
        for pool, told in pools.items():
            if pool in fault.lacks or name in told:
                cells = _cells(fault, told.get(name), starts[pool])
                lines.append(f"| {' | '.join([words, pool, *cells])} |")
                words = ""
    took = ", ".join(f"{pool} {seconds:.2f} s" for pool, seconds in starts.items())
    lines += ["", f"Until both workers of a new pool answered it took, in the median: {took}."]
    lines += [f"{pool} could not be had: {why}." for pool, why in report["absent"].items()]
    return "\n".join(lines)


def _cells(fault: Fault, found: dict[str, Any] | None, start: float) -> list[str]:
    if found is None:
        return ["–"] * 4
    ends = found["ends"]
    if ends is None:
        ends = "its value"
    elif ends not in (NO_END, FORGED):
        ends = f"`{ends}`"
    failed = f"{found['failed']}"
    if found["cancelled"]:
        failed += f", and {found['cancelled']} cancelled"
    if found["unended"]:
        failed += f", and {found['unended']} never ended"
    if not fault.stays:
        return [ends, failed, "–", "–"]
    back = found["back"]
    within = NO_END if back is None else f"{back:.2f} s ({back / start:.2f})"
    return [ends, failed, f"{found['ran']}", within]
