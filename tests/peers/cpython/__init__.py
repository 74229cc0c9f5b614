"""CPython's own tests of executors, run on this one in a real kernel.

Their sources are not ours and not here: `sources.py` finds them in a Python of this machine.
"""
