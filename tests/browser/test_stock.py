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

#: A package, and a module that has something of it.
MADE_OF = """
import pathlib, sys, sysconfig, types
place = pathlib.Path(sysconfig.get_path("purelib"))
(place / "gone.py").write_text("class Thing: pass")
about = place / "gone-1.0.dist-info"
about.mkdir()
(about / "METADATA").write_text("Name: gone\\nVersion: 1.0\\n")
(about / "RECORD").write_text("gone.py,,\\ngone-1.0.dist-info/RECORD,,\\n")
import gone
import jupyterlite_pool.errors as ours
{made}
ours.thing = gone.Thing()
"""

#: The module is one that came after the kernel had started.
LATER = 'ours = sys.modules["jupyterlite_pool.later"] = types.ModuleType("jupyterlite_pool.later")'


def test_a_kernel_is_lent_again_without_anything_of_the_test_before(stock: Stock) -> None:
    kernel = stock.take()
    kernel.run(LEAVE)
    kernel.run(MADE_OF.format(made=LATER))
    assert kernel.value(LEFT) == [True, True, True]
    assert stock.give_back(kernel) == []
    assert stock.take() is kernel
    kernel.run("import os")
    assert kernel.value(LEFT) == [False, False, False]
    assert kernel.value("'jupyterlite_pool.later' in __import__('sys').modules") is False
    stock.give_back(kernel)


def test_a_kernel_in_which_something_is_left_is_not_lent_again(stock: Stock) -> None:
    kernel = stock.take()
    kernel.run("import js; js.left = 1")
    kernel.run(MADE_OF.format(made=""))
    left = stock.give_back(kernel)
    assert len(left) == 2, left
    made, other = left
    assert "jupyterlite_pool.errors" in made
    assert other.startswith("javascript: ")
    another = stock.take()
    assert another is not kernel
    stock.give_back(another)
