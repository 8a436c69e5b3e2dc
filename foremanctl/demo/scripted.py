"""The scripted agent of `foremanctl demo`: it stands where a real one would, and needs no model and no network.

A stand-alone program of the standard library. Like any agent of the `command` adapter it reads its prompt on stdin,
works in the current directory, says on stdout what it does, and hands its result on in the file `FOREMAND_OUTPUT`.

Its one moment of truth: asked to fix the rounding, it writes a test and a wrong fix, as a hasty agent would. Only a
prompt that quotes the failing test makes it write the right one.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

PAUSE = 0.2
"""Seconds of thought before each word."""

HALF_A_CENT = "test_half_a_cent_is_rounded_up"
"""The test that refuses the wrong fix. No prompt names it before it has failed."""

OLD_DISCOUNT = "return cents - cents * percent // 100"
WRONG_DISCOUNT = "return round(cents * (100 - percent) / 100)"
RIGHT_DISCOUNT = "return (cents * (100 - percent) + 50) // 100"

DISCOUNT_TESTS = f"""
    def test_a_discount_is_rounded_to_the_nearest_cent(self):
        self.assertEqual(discounted(999, 15), 849)

    def {HALF_A_CENT}(self):
        self.assertEqual(discounted(5, 50), 3)
"""

STOCK_ROUTE = """

@route("/stock")
def get_stock(shelf):
    return {"stock": {name: max(count, 0) for name, count in shelf.items()}}
"""

STOCK_TEST = """
    def test_stock_is_never_negative(self):
        self.assertEqual(ROUTES["/stock"]({"mug": 3, "hat": -1}), {"stock": {"mug": 3, "hat": 0}})
"""


def fix_rounding(prompt: str) -> str:
    """The bug fix: wrong at first, right once the prompt quotes what failed."""
    refused = [line.strip() for line in prompt.splitlines() if HALF_A_CENT in line]
    if refused:
        say(f"the gate told me: {refused[0]}")
        say("round() rounds half to even; whole numbers do not")
        replace("shop/cart.py", WRONG_DISCOUNT, RIGHT_DISCOUNT)
        return "Rounds half a cent up, in whole numbers: round() had rounded half to even."
    say("writing two tests")
    append("tests/test_cart.py", DISCOUNT_TESTS)
    say("round() should do")
    replace("shop/cart.py", OLD_DISCOUNT, WRONG_DISCOUNT)
    return "Rounds discounts with round()."


def add_stock(_prompt: str) -> str:
    """The small feature: a route and its test."""
    say("adding the route /stock and its test")
    append("shop/api.py", STOCK_ROUTE)
    append("tests/test_api.py", STOCK_TEST)
    return "Adds the route /stock, which never shows less than nothing."


def upgrade(_prompt: str) -> str:
    """The dependency upgrade: over a major version, which nobody asked for."""
    say("3.0.0 is the newest: taking it")
    replace("requirements.txt", "moneylib==1.9.2", "moneylib==3.0.0")
    return "Upgrades moneylib from 1.9.2 to 3.0.0."


class Job(NamedTuple):
    """What this agent knows to do, and the word of the task by which it knows it."""

    word: str
    plan: str
    work: Callable[[str], str]


JOBS = (
    Job("#412", "Write tests for rounding, then change discounted() in shop/cart.py.", fix_rounding),
    Job("/stock", "Add a route to shop/api.py and a test for it.", add_stock),
    Job("moneylib", "Change the version in requirements.txt.", upgrade),
)


def say(line: str) -> None:
    """Thinks for a moment, as agents do, and says what it is about."""
    time.sleep(PAUSE)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def append(path: str, text: str) -> None:
    file = Path(path)
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def replace(path: str, old: str, new: str) -> None:
    file = Path(path)
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def main() -> int:
    """Plays the stage that the environment names. Returns the exit code, which is the attempt's outcome."""
    prompt = sys.stdin.read()
    job = next((job for job in JOBS if job.word in prompt), None)
    if job is None:
        sys.stderr.write("the prompt holds no task that this agent knows\n")
        return 1
    if os.environ["FOREMAND_STAGE"] == "plan":
        say("reading the code")
        summary = job.plan
    else:
        summary = job.work(prompt)
    Path(os.environ["FOREMAND_OUTPUT"]).write_text(summary + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
