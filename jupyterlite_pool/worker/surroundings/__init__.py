"""What a worker has of the notebook: packages, modules, settings, folder, time zone."""
