"""The repository of the demo: a very small shop, its tests, and the pipeline that its agents go through.

The interpreter is written into the pipeline by its own path, because a machine may have no `python3` on its PATH, and
one in a virtual environment may stand where the sandbox hides it.
"""

import json
import sys
from pathlib import Path

import foremanctl.demo.scripted as scripted

CART = '''"""Prices are whole cents, so that none is lost on the way."""


def total(lines):
    """The price of a cart: price times quantity, over all its lines."""
    return sum(price * quantity for price, quantity in lines)


def discounted(cents, percent):
    """What is left to pay after a discount."""
    return cents - cents * percent // 100
'''

TEST_CART = """import unittest

from shop.cart import discounted, total


class CartTest(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([(250, 2), (999, 1)]), 1499)

    def test_no_discount(self):
        self.assertEqual(discounted(999, 0), 999)
"""

API = '''"""What other programs may ask of the shop."""

from shop.cart import total

ROUTES = {}


def route(path):
    """Answers `path` with the function below."""

    def register(function):
        ROUTES[path] = function
        return function

    return register


@route("/total")
def get_total(cart):
    return {"total": total(cart["lines"])}
'''

TEST_API = """import unittest

from shop.api import ROUTES


class ApiTest(unittest.TestCase):
    def test_total(self):
        self.assertEqual(ROUTES["/total"]({"lines": [(250, 2)]}), {"total": 500})
"""

PIPELINE = """version = 1

[agent.scripted]
adapter = "command"
command = [{python}, ".foremand/agents/scripted.py"]

[gate.build]
kind = "command"
run = [{python}, "-m", "compileall", "-q", "shop"]

[gate.tests]
kind = "command"
run = [{python}, "-m", "unittest", "discover", "-t", ".", "-s", "tests"]

# A person for anything that touches the API ...
[gate.api-owner]
kind = "human"
paths = ["shop/api.py"]
message = "The API is a promise to other programs. Does this keep it?"

# ... and for anything that changes what we depend on.
[gate.final-review]
kind = "human"
paths = ["requirements.txt"]
message = "Are we ready for these versions?"

[[stage]]
name = "plan"
agent = "scripted"
access = "read"

[[stage]]
name = "implement"
agent = "scripted"
gates = ["build", "tests", "api-owner"]

[land]
into = "main"
gates = ["final-review"]
"""


def pipeline() -> str:
    """The text of the shop's pipeline file."""
    return PIPELINE.replace("{python}", json.dumps(interpreter()))


def interpreter() -> str:
    """The real path of the Python that runs this: no virtual environment, no shim."""
    return str(Path(sys.executable).resolve())


def agent(pause: float) -> str:
    """The text of the scripted agent: it lies in the repository, where the sandbox shows it."""
    text = Path(scripted.__file__).read_text(encoding="utf-8")
    return text.replace(f"PAUSE = {scripted.PAUSE}", f"PAUSE = {pause}")


def files(pause: float = scripted.PAUSE) -> dict[str, str]:
    """The shop's first commit: path to text. `pause`: seconds that its agent thinks before each word."""
    return {
        ".gitignore": "__pycache__/\n",
        "requirements.txt": "moneylib==1.9.2\n",
        "shop/__init__.py": "",
        "shop/cart.py": CART,
        "shop/api.py": API,
        "tests/__init__.py": "",
        "tests/test_cart.py": TEST_CART,
        "tests/test_api.py": TEST_API,
        ".foremand/pipeline.toml": pipeline(),
        ".foremand/agents/scripted.py": agent(pause),
    }
