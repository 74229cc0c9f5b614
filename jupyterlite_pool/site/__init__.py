"""The build of a site. It runs in ordinary Python, never in a browser."""
