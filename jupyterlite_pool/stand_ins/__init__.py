"""Stands in for process pools, multiprocessing and joblib's backends."""
