"""What a worker of PyScript's offers to its page."""

from pyscript import sync


def nothing():
    """Do nothing."""


def length(view):
    """The length of a buffer that Python has."""
    return len(view.to_bytes())


sync.nothing = nothing
sync.length = length
