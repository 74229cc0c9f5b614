"""A backend of matplotlib: `plt.show()` in a task shows its figures in the notebook.

matplotlib imports this module when a task draws with pyplot; see `open_figures`. Figures look as
those of a cell: pictures, cut to what is drawn.
"""

from __future__ import annotations

import builtins
from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from .open_figures import end_of_task


class FigureManager(FigureManagerBase):
    """What pyplot asks about a figure of a task."""

    @classmethod
    def pyplot_show(cls, **_: Any) -> None:
        """As `plt.show`."""
        show()


class FigureCanvas(FigureCanvasAgg):  # type: ignore[misc] # where matplotlib has no types
    """Draws a figure of a task."""

    manager_class = FigureManager


def show(*_: Any, **__: Any) -> None:
    """Show all figures of pyplot that are open, and close them."""
    display: Any = builtins.display  # type: ignore[attr-defined] # a worker has it
    managers = [each for each in Gcf.get_all_fig_managers() if type(each.canvas) is FigureCanvas]
    for manager in managers:
        Gcf.destroy(manager)
        figure = manager.canvas.figure
        if figure.axes or figure.lines:
            display(figure)


end_of_task.append(show)
