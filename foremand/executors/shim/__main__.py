"""Lets the shim run as `python -I -S DIRECTORY RUNDIR`: by its own name, without importing foremand around it."""

import os
import sys

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    sys.exit(__import__("shim.start").start.main(sys.argv[1]))
