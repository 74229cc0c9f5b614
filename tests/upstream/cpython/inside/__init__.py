"""Runs in the kernel, and in part in its workers, as the package `cpython_tests`."""
