"""How the results of a job show themselves, and what they tell of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..jobs.insights import insights_of
from ..jobs.job import MapJob
from ..jobs.runs import Runs
from ..notebook.markup import card_html
from ..notebook.progress import Progress
from ..tracebacks import error_line
from .failures import Failures, failures_of, how_many_failed
from .late_list import LateList
from .timeline import Timeline

if TYPE_CHECKING:
    import pandas

T = TypeVar("T")

#: This many items that ran again are named.
_NAMED = 10


class Report(LateList[T]):
    """A list of results that tells how the job went."""

    _job: MapJob
    _runs: Runs

    def __repr__(self) -> str:
        runs, label, total = self._runs, self._job.label, self._job.items.total
        if self._filled:
            return list.__repr__(self) + how_many_failed(runs)
        values, failures = runs.values, runs.failures
        if runs.active:
            failed = f", {len(failures)} failed" if failures else ""
            size = "?" if total is None else total
            return f"<MapResult of {label}: {len(values)}/{size} done{failed}>"
        error = self._job.items.error
        then = "" if error is None else f"; then the iterable raised {error_line(error)}"
        return (
            f"<MapResult of {label}: {len(values)} of {total} done, "
            f"{len(failures)} failed, {len(runs.cancelled)} cancelled{then}>"
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        super()._repr_pretty_(printer, cycle)
        if self._filled and not cycle:
            printer.text(how_many_failed(self._runs))

    def _repr_html_(self) -> str | None:
        """What is left of a job that failed; None for the text alone, which others have.

        A job that runs has its own card, which moves.
        """
        if self._filled or self._runs.active:
            return None
        failed = self.failed
        return card_html(progress_of(self._runs)) + (failed._repr_html_() if failed else "")

    @property
    def failed(self) -> Failures:
        """The exceptions so far, by index; a notebook shows them as a table."""
        return failures_of(self._runs)

    @property
    def stdout(self) -> dict[int, str]:
        """What items printed, by index; an item that printed nothing is not in it.

        Of an item that ran again, it is what it printed in the run that its outcome is of.
        """
        runs = self._runs
        items = {run.items.number(item) for run in runs.all for item in run.outcomes.output}
        places = {index: runs.place(index) for index in sorted(items)}
        return {
            index: run.outcomes.output[item]
            for index, (run, item) in places.items()
            if item in run.outcomes.output
        }

    def timeline(self) -> Timeline:
        """When and where each item ran, in the order in which they started; drawn in a notebook.

        Its method `save` writes it to a file. An item that ran again is in it once for each run.
        """
        first = self._job.outcomes.timings
        timings = [
            timing._replace(
                item=run.items.number(timing.item),
                start=timing.start + run.outcomes.timings.started_at - first.started_at,
                failed=timing.item in run.outcomes.failures,
            )
            for run in self._runs.all
            for timing in (*run.outcomes.timings.timeline(), *run.outcomes.timings.stopped())
        ]
        last = self._runs.last.outcomes.timings
        seconds = last.started_at - first.started_at + last.elapsed()
        return Timeline(timings, self._job.label, seconds)

    def insights(self) -> str:
        """In a few sentences: how busy the workers were, and which items took longest."""
        runs = [(run.outcomes.timings, run.items.number) for run in self._runs.all]
        said = [str(insights_of(runs))]
        for run in self._runs.all[1:]:
            again = [run.items.number(item) for item in run.outcomes.timings.by_item()]
            if again:
                numbers = ", ".join(map(str, sorted(again)[:_NAMED])) + "…" * (len(again) > _NAMED)
                said.append(f"Items that ran again: {numbers}.")
        if self._runs.failures:
            count = len(self._runs.failures)
            said.append(f"{count} item{'s' * (count != 1)} failed.")
        asked, granted = self._job.options.max_workers, self._job.options.granted
        if granted is not None:
            said.append(f"max_workers={asked} had no effect: the pool had {granted}.")
        return " ".join(said)

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each item that has ended: its value or its error, when and where it ran.

        Returns:
            A data frame of pandas with the items' numbers as its index, and the columns `value`,
            `error`, `worker`, `start`, `seconds`, `attempt` and `stdout`.

        Raises:
            ImportError: the notebook has no pandas.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "to_dataframe() needs pandas: run `%pip install pandas` in a cell first",
                name=error.name,
            ) from error
        values, failures, printed = self._runs.values, self._runs.failures, self.stdout
        last = {each.item: each for each in self.timeline() if not each.cancelled}
        items = sorted({*values, *failures})
        columns: dict[str, list[Any]] = {
            "value": [values.get(item) for item in items],
            "error": [failures.get(item) for item in items],
            **{
                name: [getattr(last.get(item), name, None) for item in items]
                for name in ("worker", "start", "seconds", "attempt")
            },
            "stdout": [printed.get(item, "") for item in items],
        }
        index = pandas.Index(items, name="item")
        # As objects first: pandas would make columns of values that are arrays or mappings.
        series = {
            name: pandas.Series(column, index, dtype=object).infer_objects()
            for name, column in columns.items()
        }
        return pandas.DataFrame(series, index)


def progress_of(runs: Runs) -> Progress:
    """How far a job is, with the items that ran again."""
    now = Progress.of(runs.last, runs.first.label, 1)
    cancelled = len(runs.cancelled)
    if now.phase == "done" and cancelled:
        now = now._replace(phase="cancelled")
    return now._replace(
        done=len(runs.values),
        failed=len(runs.failures),
        cancelled=cancelled,
        total=runs.first.items.total,
        elapsed=sum(run.outcomes.timings.elapsed() for run in runs.all),
    )
