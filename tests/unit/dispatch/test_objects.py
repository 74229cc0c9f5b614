"""What workers hold is held as long as somebody needs it, and a little longer."""

from __future__ import annotations

from concurrent.futures import Future

from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.dispatch.objects import SharedObjects
from jupyterlite_pool.surroundings.notebook import SentSurroundings
from jupyterlite_pool.wire.payload import Encoded

NOTHING = Encoded(b"", [])


class Recorder(InProcessBackend):
    def __init__(self) -> None:
        super().__init__(1)
        self.log: list[str] = []

    def put(self, key: str, encoded: Encoded) -> None:
        self.log.append(f"put {key}")

    def drop(self, key: str) -> None:
        self.log.append(f"drop {key}")


def test_an_object_is_put_once_however_many_need_it() -> None:
    backend = Recorder()
    objects = SharedObjects(backend)
    assert objects.hold("a", NOTHING) == "a"
    objects.hold("a", NOTHING)
    objects.release("a")
    objects.release("a")
    objects.hold("a", NOTHING)  # still there, though nobody needed it for a while
    assert backend.log == ["put a"]


def test_the_longest_unneeded_object_goes_first() -> None:
    backend = Recorder()
    objects = SharedObjects(backend, kept=1)
    for key in "abc":
        objects.hold(key, NOTHING)
    for key in "bca":
        objects.release(key)
    assert backend.log == ["put a", "put b", "put c", "drop b", "drop c"]


def test_an_object_that_is_needed_never_goes() -> None:
    backend = Recorder()
    objects = SharedObjects(backend, kept=0)
    objects.hold("a", NOTHING)
    objects.hold("b", NOTHING)
    objects.release("b")
    assert backend.log == ["put a", "put b", "drop b"]


def test_objects_that_nobody_needs_take_so_much_memory_and_no_more() -> None:
    backend = Recorder()
    objects = SharedObjects(backend, kept_bytes=20)
    for key in "abcd":
        objects.hold(key, Encoded(b"x" * 8, []))
        objects.release(key)
    assert backend.log == ["put a", "put b", "put c", "put d", "drop a"]


def test_the_last_object_stays_however_large_it_is() -> None:
    backend = Recorder()
    objects = SharedObjects(backend, kept_bytes=20)
    for key in "abb":
        objects.hold(key, Encoded(b"x" * 100, []))
        objects.release(key)
    assert backend.log == ["put a", "put b", "drop a"]


def test_a_large_function_stays_after_its_job_and_the_surroundings_with_it() -> None:
    backend = Recorder()
    objects = SharedObjects(backend, kept_bytes=20)
    small = Encoded(b"x" * 3, [])
    around = SentSurroundings("around", small, (("part", small),))
    for _ in range(2):
        ended: Future[None] = Future()
        objects.hold_for(Encoded(b"x" * 100, []), "function", around, ended)
        ended.set_result(None)
    assert backend.log == ["put function", "put around", "put part"]
