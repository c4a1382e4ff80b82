"""Makes the scripts in tools/pages importable by name, as they are for one another."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools" / "pages"))
