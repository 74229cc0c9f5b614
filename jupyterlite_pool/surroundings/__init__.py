"""Reads the surroundings of the notebook in the kernel, and describes them to workers."""
