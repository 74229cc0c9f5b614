"""Measures what the pool costs, side by side with other ways to do the same.

Run it as `python -m benchmarks`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
