"""Reads the surroundings of the notebook in the kernel, and describes them to workers.

What both sides have to know is in `worker.surroundings`: a worker imports nothing of the kernel.
"""
