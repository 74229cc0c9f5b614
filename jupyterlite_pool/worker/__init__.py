"""The Python of a pool worker. It imports neither IPython nor ipywidgets nor code of the kernel."""
