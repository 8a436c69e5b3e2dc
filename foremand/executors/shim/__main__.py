"""The shim as a program, under a name of its own and without importing foremand around it.

It is run as this file: given the directory, Python would first spend 9 ms on finding out how to run one.
"""

import os
import sys

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    sys.exit(__import__("shim.start").start.main(sys.argv[1]))
