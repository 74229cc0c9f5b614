"""A small site of documentation whose examples run on all cores of the reader."""

project = "A page that computes"
extensions = ["jupyterlite_sphinx"]

# The site of JupyterLite that is built beside the pages; its folder is this one.
jupyterlite_dir = "."
jupyterlite_overrides = "overrides.json"
