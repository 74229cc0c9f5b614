"""Gives a worker the notebook's packages, modules, settings, folder and time zone."""
