"""Makes what the tests share importable."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
