"""In place of others: process pools, joblib's backends and locks run on the pool's workers."""

# When one of these is imported, a worker may import all of this package's modules. So they come
# before each of these modules.
from ..releases import processes_in_c

with processes_in_c():
    import concurrent.futures.process  # noqa: F401
    import multiprocessing.pool  # noqa: F401
