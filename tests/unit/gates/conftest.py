import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for planted, which the integration tests and the bench use too
