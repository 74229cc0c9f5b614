"""What runs while a site is built, in ordinary Python: never in a browser."""
