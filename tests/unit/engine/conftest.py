"""Stories of tasks are told here as the core's tests tell them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
