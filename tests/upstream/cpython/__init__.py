"""CPython's own tests of executors, run on our executor in a real kernel.

Their sources are not in this repository: `sources.py` finds them in a Python of this machine.
"""
