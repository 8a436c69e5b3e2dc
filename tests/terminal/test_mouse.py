"""The mouse, as terminals report it: on the floor, in a task and on the decision screen."""

from typing import Any

import pytest

LINES = 120

PIPELINE = f"""
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", "for i in $(seq {LINES}); do echo line $i; done; seq {LINES} > work-$FOREMAND_TASK.txt"]
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["owner"]
"""


@pytest.fixture
def tasks(house: Any) -> list[int]:
    """Four tasks that wait for a person."""
    house.start()
    repo = house.repo({".foremand/pipeline.toml": PIPELINE})
    tasks = [house.submit(repo, f"Do thing {name}") for name in ("one", "two", "three", "four")]
    for task in tasks:
        house.wait(task, "WAITING")
    return tasks


def test_clicks_and_the_wheel(tmux: Any, tasks: list[int]) -> None:
    screen = tmux.open("attach")
    screen.shows("4 need you")

    def is_selected(title: str) -> None:
        screen.until(lambda text: any(line.startswith(">") and title in line for line in text.split("\n")), title)

    screen.click("Do thing three")
    is_selected("thing three")
    screen.wheel(up=True)
    is_selected("thing one")
    screen.wheel(up=False)
    is_selected("thing four")
    screen.click("Do thing two")
    is_selected("thing two")
    screen.click("Do thing two")  # what is selected is opened
    screen.shows(f"line {LINES}", "attempt 1, implement")
    screen.wheel(up=True)
    screen.shows("goes to the end", f"line {LINES - 10}")
    screen.lacks(f"line {LINES}\n")
    screen.wheel(up=False)
    screen.shows(f"line {LINES}\n")
    screen.click("attempt 1, implement")  # the line of the tabs: to the next
    screen.shows("A work-2.txt")


def test_clicks_and_the_wheel_where_one_decides(tmux: Any, tasks: list[int]) -> None:
    screen = tmux.open("attach")
    screen.shows("4 need you")
    screen.keys("d")
    screen.shows("to decide")
    screen.lacks("more is coming")
    screen.keys("n", "C")
    screen.shows("work-1.txt:")
    screen.keys("Escape")
    screen.lacks("work-1.txt:")
    for up in (False, True):

        def turned(text: str, *, up: bool = up) -> bool:
            screen.wheel(up=up)
            return ("to decide" in text) is up

        screen.until(turned, "scrolls")


def test_a_click_does_not_answer_a_question(house: Any, tmux: Any, tasks: list[int]) -> None:
    screen = tmux.open("attach")
    screen.shows("4 need you")
    screen.keys("c")
    screen.shows("y/n")
    screen.click("Do thing two")
    screen.keys("y")
    house.wait(tasks[0], "CANCELLED", "WAITING")
    screen.lacks("y/n")
    assert [house.show(task)["state"] for task in tasks[1:]] == ["WAITING"] * 3
