"""In place of others: process pools, multiprocessing, joblib."""
