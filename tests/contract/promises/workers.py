"""The workers and the objects that they hold."""

import concurrent.futures as cf
import gc
import pickle
import time
from typing import Any

from jupyterlite_pool.jobs.options import MapOptions

from .helpers import Make, nap, raised, until, warm


def contract_the_status_tells_what_workers_do(make: Make) -> None:
    with make() as executor:
        assert executor.max_workers == 2
        assert list(executor.map(abs, range(10))) == list(range(10))
        status = executor.status()
        assert status.size == 2
        assert sum(worker.tasks for worker in status.workers) == 10


def contract_a_worker_is_replaced_after_its_share_of_tasks(make: Make) -> None:
    def who(x: int) -> int:
        from jupyterlite_pool import current_worker

        info = current_worker()
        assert info is not None
        return info.id

    with make(max_tasks_per_child=2) as executor:
        workers = list(executor.map(who, range(9), chunksize=3))
        assert max(workers.count(worker) for worker in workers) <= 2
        job = executor._pool.start_job(who, [range(5)])
        job.settled.result()
        counts = [
            list(job.outcomes.values.values()).count(worker)
            for worker in job.outcomes.values.values()
        ]
        assert max(counts) <= 2


def contract_an_object_is_put_on_workers_and_found_wherever_its_reference_stands(
    make: Make,
) -> None:
    def total(*args: Any, **kwargs: Any) -> int:
        nested = args[1]["deep"][0]
        assert args[0] is nested is kwargs["data"]
        return sum(args[0])

    with make() as executor:
        data = list(range(1000))
        ref = executor.put(data)
        assert executor.submit(total, ref, {"deep": [ref]}, data=ref).result() == sum(data)
        assert executor.submit(lambda: sum(ref)).result() == sum(data)
        assert list(executor.map(len, [ref] * 20)) == [1000] * 20
        nested = executor.put({"inner": ref})
        assert executor.submit(lambda both: len(both["inner"]), nested).result() == 1000


def contract_an_object_is_sent_to_each_worker_at_most_once(make: Make) -> None:
    class Counted:
        def __init__(self) -> None:
            self.read = 0

        def __setstate__(self, state: Any) -> None:
            import builtins

            from jupyterlite_pool import current_worker

            reads = vars(builtins).setdefault("reads", [])
            reads.append(current_worker().id)  # type: ignore[union-attr]
            self.__dict__.update(state)

    def reads(data: Any, seconds: float) -> Any:
        import builtins

        from jupyterlite_pool import current_worker

        time.sleep(seconds)
        return builtins.reads.count(current_worker().id)  # type: ignore[attr-defined,union-attr]

    with make() as executor:
        ref = executor.put(Counted())
        assert set(executor.map(reads, [ref] * 12, [0.02] * 12)) == {1}


def contract_an_object_is_kept_while_it_is_needed_and_no_longer(make: Make) -> None:
    with make() as executor:
        dropped: list[str] = []
        backend = executor._pool.backend
        drop = backend.drop

        def noted(key: str) -> None:
            dropped.append(key)
            drop(key)

        backend.drop = noted
        refs = [executor.put([1, 2, 3])]
        key = refs[0].key
        busy = [executor.submit(nap, 0.1) for _ in range(6)]
        last = executor.submit(sum, refs[0])
        captured = executor.submit(lambda ref=refs[0]: sum(ref))
        refs.clear()
        gc.collect()
        assert key not in dropped  # two calls still need it
        assert last.result() == captured.result() == 6
        cf.wait(busy)
        del last, captured
        gc.collect()
        until(lambda: key in dropped, executor)


def contract_a_reference_means_nothing_elsewhere(make: Make) -> None:
    with make() as executor:
        ref = executor.put(1)
        assert isinstance(raised(lambda: pickle.dumps(ref)), pickle.PicklingError)
        with make() as other:
            error = other.submit(abs, ref).exception()
            assert type(error) is ValueError
            assert "another executor" in str(error)


def contract_the_pool_grows_and_shrinks_while_jobs_run(make: Make) -> None:
    def who(seconds: float) -> int:

        from jupyterlite_pool import current_worker

        time.sleep(seconds)
        info = current_worker()
        assert info is not None
        return info.id

    with make() as executor:
        warm(executor)
        job = executor._pool.start_job(who, [[0.05] * 60], MapOptions(chunksize=1))
        executor.scale(3)
        assert executor.max_workers == 3
        until(lambda: len(executor.ready_workers) == 3, executor)
        until(lambda: 2 in job.outcomes.values.values() or not job.active, executor)
        executor.scale(1)
        until(lambda: len(executor.ready_workers) == 1, executor)
        job.settled.result()
        assert len(job.outcomes.values) == 60
        assert not job.outcomes.failures
        assert len(executor.status().workers) == 1
        assert type(raised(lambda: executor.scale(0))) is ValueError
