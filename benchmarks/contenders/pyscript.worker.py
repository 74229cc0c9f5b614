"""What a worker of PyScript's offers to its page."""


def nothing():
    """Do nothing."""


def length(view):
    """The length of a buffer that Python has."""
    return len(view.to_bytes())


__export__ = ["nothing", "length"]
