"""The seed's Monday answered by hand: real keys in the terminal that the demo opens, and its proof from outside."""

from collections.abc import Iterator
from typing import Any

import pytest

MOMENTS = 180.0
"""Seconds for what agents, gates and landings take on a machine that is busy."""


@pytest.fixture
def demo(house: Any, tmux: Any) -> Iterator[Any]:
    """The demo, with its tasks dispatched and its terminal open. It is not there to be found by the next test."""
    screen = tmux.open("demo", "--by-hand", columns=130, rows=44)
    try:
        screen.shows("Three agents set out", "Enter begins.")
        screen.keys("Enter")
        screen.shows("? help", "q detach", "Add the route /stock", "Fix #412", "Upgrade the dependency")
        yield screen
    finally:
        tmux.close()
        house.until(lambda: not house.processes(), "everything has ended")


def is_selected(title: str) -> Any:
    return lambda text: any(line.startswith(">") and title in line for line in text.split("\n"))


def test_the_feature_is_approved_the_upgrade_rejected_and_the_bug_fix_lands(demo: Any) -> None:
    demo.shows("approve api-owner?", "approve final-review?", "2 need you", patience=MOMENTS)
    demo.keys("Tab")
    demo.until(is_selected("Add the route /stock"), "selects the feature")
    demo.keys("Enter")
    demo.shows("adding the route /stock and its test", "WAITING")
    demo.keys("d")
    demo.shows("The API is a promise to other programs. Does this keep it?")
    demo.lacks("more is coming")
    demo.keys("n")
    demo.shows('@route("/stock")', "def get_stock(shelf):")
    demo.keys("a")
    demo.shows("approve api-owner at ", "y/n")
    demo.keys("y")
    demo.shows("approved api-owner of 2")
    demo.keys("Tab")
    demo.shows("Upgrade the dependency moneylib", "approve final-review?")
    demo.keys("d")
    demo.shows("Are we ready for these versions?", "M requirements.txt: dependencies")
    demo.lacks("more is coming")
    demo.keys("n")
    demo.shows("moneylib==1.9.2", "moneylib==3.0.0")
    demo.keys("x")
    demo.shows("reject 3; why?")
    demo.type("not a major version now")
    demo.keys("Enter")
    demo.shows("y/n")
    demo.keys("y")
    demo.shows("rejected 3")
    demo.keys("Escape")
    demo.until(lambda text: text.count("LANDED") == 2 and "REJECTED" in text, "shows how all three ended", MOMENTS)
    demo.keys("q")
    text = demo.shows("All of it really happened", "ended with 0", patience=MOMENTS)
    assert "NO " not in text
    assert "yes  the test gate refused the bug fix once" in text


def test_who_leaves_early_is_told_what_waits_and_comes_back_or_not(demo: Any) -> None:
    demo.keys("q")
    demo.shows("detached; nothing was stopped")
    demo.shows("feature   waits for you", "upgrade   waits for you", "Enter goes back to it", patience=MOMENTS)
    demo.keys("Enter")
    demo.shows("2 need you", "q detach")
    demo.keys("q")
    demo.shows("Enter goes back to it")
    demo.keys("C-d")
    text = demo.shows("It was another Monday than this one", "ended with 1", patience=MOMENTS)
    assert "NO   the feature was approved by a person at api-owner" in text
    assert "NO   the upgrade ended REJECTED" in text


def test_a_terminal_that_is_closed_leaves_nothing_of_it(house: Any, demo: Any) -> None:
    (home,) = (house.root / "tmp").glob("fm-demo-*")
    demo.kill()
    house.until(lambda: not house.processes(), "everything has ended")
    assert not home.exists()


def test_interrupted_before_it_begins_nothing_has_begun(tmux: Any) -> None:
    screen = tmux.open("demo", "--by-hand")
    screen.shows("Enter begins.")
    screen.keys("C-c")
    screen.shows("interrupted: everything that was started has been stopped", "ended with 130")


def test_without_a_terminal_it_says_so(house: Any) -> None:
    said = house.ctl("demo", "--by-hand")
    assert said.returncode == 2
    assert "there is no terminal here" in said.stderr
