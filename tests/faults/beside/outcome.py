"""What became of a pool, and the table of all pools."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from .driving import LIMIT, NEXT, OTHERS, SIZE
from .tasks import LATE, PAUSE

FILE = Path(__file__).parents[3] / "build" / "faults-beside.json"

OURS = "jupyterlite-pool"

#: The pools of others, as the table names them.
WORKERPOOL, LOKY, CPYTHON = "npm `workerpool`", "loky", "CPython"

#: In the order of the table.
POOLS = [OURS, WORKERPOOL, LOKY, CPYTHON]

#: What each fault is called, and the seconds from its task's call to it; None where only the task's
#: own end tells it.
FAULTS: dict[str, tuple[str, float | None]] = {
    "raises": ("a task raises `ValueError`", PAUSE),
    "exits": ("a task calls `os._exit(7)`", PAUSE),
    "traps": ("a task reads memory that is not there", PAUSE),
    "closes": ("a worker ends with no word: `self.close()`, natively `SIGKILL`", PAUSE),
    "loops": ("a task loops for ever, with a time limit where there is one", LIMIT),
    "cannot_be_sent": ("an argument cannot be sent: a generator, in JavaScript a function", 0.0),
    "cannot_be_read": ("an argument's pickle raises when the worker reads it", PAUSE),
    "throws_late": ("a task leaves behind a timer that throws", 2 * LATE),
    "fills_memory": ("a task takes memory until there is none, natively 4 GiB", None),
}

HEAD = (
    f"| what happens | to | its task ends with | others failed, of {OTHERS} | next calls that ran, "
    f"of {NEXT} | both workers back within (of a start) |\n|---|---|---|--:|--:|--:|"
)


class Outcome(NamedTuple):
    """What became of one pool after one fault."""

    #: The class of the error of the faulty task; None for a value, "never" for no end.
    ends: str | None
    #: The error's first line.
    message: str | None
    #: Of the others: those with an error, and those without an end.
    failed: int
    unended: int
    #: Of the next calls, those with a value.
    ran: int
    #: Seconds from the fault until values of both workers had come; None for never.
    back: float | None


def judge(told: dict[str, Any]) -> Outcome:
    """Read what a driver tells of its calls."""
    faulty, others, instant = told["faulty"], told["others"], told["instant"]
    back: dict[str, float] = {}
    for call in told["calls"]:
        if call["at"] is not None and call["error"] is None and call["at"] >= instant:
            back[call["value"]] = min(call["at"], back.get(call["value"], call["at"]))
    return Outcome(
        ends="never" if faulty["at"] is None else faulty["error"],
        message=faulty["message"] and faulty["message"].partition("\n")[0],
        failed=sum(call["error"] is not None for call in others),
        unended=sum(call["at"] is None for call in others),
        ran=sum(call["at"] is not None and call["error"] is None for call in told["next"]),
        back=sorted(back.values())[SIZE - 1] - instant if len(back) >= SIZE else None,
    )


class Beside:
    """Keeps what became of all pools of a run."""

    def __init__(self) -> None:
        #: By pool, then by fault.
        self.told: dict[str, dict[str, Any]] = {}
        #: Pools that could not be had, and why.
        self.absent: dict[str, str] = {}

    def add(self, pool: str, name: str, tell: Callable[[float | None], dict[str, Any]]) -> Outcome:
        """Let a fault happen to a pool, and keep what became of it."""
        told = tell(FAULTS[name][1])
        outcome = judge(told)
        self.told.setdefault(pool, {})[name] = {"start": told["start"], **outcome._asdict()}
        return outcome

    def write(self) -> None:
        """Write it for the table; pools that were not asked keep what an earlier run has left."""
        kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"pools": {}, "absent": {}}
        kept["pools"].update(self.told)
        present = {pool: why for pool, why in kept["absent"].items() if pool not in self.told}
        kept["absent"] = {**present, **self.absent}
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def table(report: dict[str, Any]) -> str:
    """All pools after all faults; times as shares of an ordinary start of that very pool."""
    pools = {pool: report["pools"][pool] for pool in POOLS if pool in report["pools"]}
    starts = {
        pool: statistics.median(found["start"] for found in told.values())
        for pool, told in pools.items()
    }
    lines = [HEAD]
    for name, (words, _) in FAULTS.items():
        shown = words
        for pool in pools:
            if name in pools[pool]:
                lines.append(_line(shown, pool, pools[pool][name], starts[pool]))
                shown = ""
    took = ", ".join(f"{pool} {seconds:.2f} s" for pool, seconds in starts.items())
    lines += ["", f"Until both workers of a new pool answered it took, in the median: {took}."]
    lines += [f"{pool} could not be had: {why}." for pool, why in report["absent"].items()]
    return "\n".join(lines)


def _line(words: str, pool: str, found: dict[str, Any], start: float) -> str:
    ends = found["ends"]
    failed = f"{found['failed']}"
    if found["unended"]:
        failed += f", and {found['unended']} never ended"
    cells = [
        words,
        pool,
        "its value" if ends is None else ends if ends == "never" else f"`{ends}`",
        failed,
        found["ran"],
        "never"
        if found["back"] is None
        else f"{found['back']:.2f} s ({found['back'] / start:.2f})",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"
