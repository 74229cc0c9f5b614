"""Text that a task prints is posted line by line, but not too often."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from jupyterlite_pool.worker.output import BURST, INTERVAL, LIMIT, LONGEST_LINE, TaskStream


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Recorded:
    """A stream, its clock, and the posts that it made."""

    def __init__(self) -> None:
        self.posts: list[str] = []
        self.clock = Clock()
        self.stream = TaskStream(self.posts.append, self.clock)


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def test_the_first_line_is_posted_at_once(recorded: Recorded) -> None:
    recorded.stream.write("one\n")
    assert recorded.posts == ["one\n"]


def test_some_lines_are_posted_at_once_and_more_go_together(recorded: Recorded) -> None:
    for _ in range(BURST):
        recorded.stream.write("one\n")
    assert recorded.posts == ["one\n"] * BURST
    recorded.stream.write("two\n")
    recorded.stream.write("three\n")
    assert len(recorded.posts) == BURST
    recorded.clock.now += 1.5 * INTERVAL
    recorded.stream.write("four\n")
    recorded.stream.write("five\n")
    assert recorded.posts[BURST:] == ["two\nthree\nfour\n"]
    recorded.clock.now += 100 * INTERVAL
    for _ in range(2 * BURST):
        recorded.stream.write("six\n")
    assert len(recorded.posts) == 2 * BURST + 1


def test_a_line_without_an_end_waits_for_it(recorded: Recorded) -> None:
    recorded.stream.write("one\ntw")
    recorded.clock.now += 2 * INTERVAL
    recorded.stream.write("o")
    assert recorded.posts == ["one\n"]
    recorded.stream.write("\n")
    assert recorded.posts[1:] == ["two\n"]


def test_much_text_does_not_wait(recorded: Recorded) -> None:
    for _ in range(BURST):
        recorded.stream.write("one\n")
    recorded.stream.write("two\n")
    recorded.stream.write("x" * LIMIT + "\n")
    assert recorded.posts[BURST:] == ["two\n" + "x" * LIMIT + "\n"]


def test_a_line_that_never_ends_is_not_held_without_limit(recorded: Recorded) -> None:
    recorded.stream.write("x" * (LONGEST_LINE - 1))
    assert recorded.posts == []
    recorded.stream.write("yz")
    assert recorded.posts == ["x" * (LONGEST_LINE - 1) + "yz"]
    assert recorded.stream.held == []


def test_flush_posts_a_line_without_an_end(recorded: Recorded) -> None:
    recorded.stream.write("no end")
    recorded.stream.flush()
    recorded.stream.flush()
    assert recorded.posts == ["no end"]


def test_what_is_held_can_be_seen(recorded: Recorded) -> None:
    recorded.stream.write("one\nrest")
    assert recorded.stream.held == ["rest"]
    recorded.stream.flush()
    assert not recorded.stream.held


def test_nothing_is_posted_where_nothing_was_written(recorded: Recorded) -> None:
    recorded.stream.write("")
    recorded.stream.flush()
    assert recorded.posts == []


def test_print_writes_to_it(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", recorded.stream)
    print("a", 1, end="!")
    recorded.stream.flush()
    assert recorded.posts == ["a 1!"]
    assert recorded.stream.writable()


def test_only_text_can_be_written(recorded: Recorded) -> None:
    data: Any = b"bytes"
    with pytest.raises(TypeError, match="must be str, not bytes"):
        recorded.stream.write(data)


def test_write_says_how_much_it_took(recorded: Recorded) -> None:
    assert recorded.stream.write("é\n") == 2


def test_two_streams_keep_the_order_of_what_is_written() -> None:
    posts: list[str] = []
    out, err = (TaskStream(posts.append, Clock()) for _ in range(2))
    out.pair_with(err)
    out.write("one ")
    err.write("two ")
    out.write("three\n")
    err.write("four\n")
    out.flush()
    err.flush()
    assert "".join(posts) == "one two three\nfour\n"
