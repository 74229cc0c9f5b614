"""A kernel that one test has given back is clean when another one has it."""

from __future__ import annotations

from tests.support.stock import Stock

LEAVE = """
import os
left = 1
os.environ["LEFT"] = "1"
open("left.txt", "w").close()
"""

LEFT = "['left' in globals(), 'LEFT' in os.environ, os.path.exists('left.txt')]"


def test_a_kernel_is_lent_again_without_anything_of_the_test_before(stock: Stock) -> None:
    kernel = stock.take()
    kernel.run(LEAVE)
    assert kernel.value(LEFT) == [True, True, True]
    assert stock.give_back(kernel) == []
    assert stock.take() is kernel
    kernel.run("import os")
    assert kernel.value(LEFT) == [False, False, False]
    stock.give_back(kernel)


def test_a_kernel_in_which_something_is_left_is_not_lent_again(stock: Stock) -> None:
    kernel = stock.take()
    kernel.run("import js; js.left = 1")
    [left] = stock.give_back(kernel)
    assert left.startswith("javascript: ")
    other = stock.take()
    assert other is not kernel
    stock.give_back(other)
