"""What runs in a pool worker: imports neither IPython nor ipywidgets, nor the kernel's side."""
