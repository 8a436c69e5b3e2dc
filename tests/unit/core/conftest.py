"""The core's tests read `playbook` and `walk` beside them; random walks repeat exactly, everywhere."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile(
    "core",
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a walk shrinks for minutes, and its script repeats it as it is
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
settings.load_profile("core")
