"""Three stages and two gates: what is planned is followed, what is red goes back, and a person reads what lands."""

from typing import Any

import pytest

DISCOUNT = """
cat > discount.py <<'END'
def discounted(price: int, percent: int) -> int:
    return price * (100 - percent) // 100
END
cat > tests/test_discount.py <<'END'
from discount import discounted


def test_discounted():
    assert discounted(200, 25) == 150
END
echo discounts are in
"""
OTHER = DISCOUNT.replace("discount", "rebate")
WRONG = OTHER.replace("(100 - percent)", "percent")
MENDED = "grep -q 'assert 50 == 150' $PROMPT && sed -i 's/price \\* percent/price * (100 - percent)/' rebate.py"

TASKS: dict[str, dict[str, str | list[str]]] = {
    "planned": {
        "plan": "echo PLAN: a module for discounts",
        "implement": f"grep -q 'PLAN: a module' $PROMPT\n{DISCOUNT}",
        "harden": """
            grep -q 'PLAN: a module' $PROMPT
            grep -q 'discounts are in' $PROMPT
            grep -q '^+def discounted' $PROMPT
            printf '\\n\\ndef test_of_nothing():\\n    assert discounted(0, 25) == 0\\n' >> tests/test_discount.py
        """,
    },
    "sent back": {
        "implement": [WRONG, MENDED],
        "harden": ["sed -i 's/(100 - percent)/percent/' rebate.py", MENDED],
    },
    "never right": {
        "implement": ["rm -rf tests", f"grep -q 'no tests collected' $PROMPT\n mkdir tests\n{WRONG}", "true"]
    },
    "refused": {"implement": "echo '# A shop.' > README.md", "harden": "echo nothing is wrong"},
    "plans with a pen": {"plan": "echo changed > README.md"},
}


@pytest.fixture(scope="module")
def tasks(example: Any) -> dict[str, int]:
    """All of them at once, in one daemon."""
    example.start()
    return {title: example.submit(title, script) for title, script in TASKS.items()}


def stages(example: Any, task: int) -> list[str]:
    """The stage of each attempt."""
    return [stage for stage, _ in example.agents(task)]


def test_it_is_checked_without_a_warning(example: Any) -> None:
    assert example.warnings() == []


def test_all_three_stages_lead_to_a_person_and_then_it_lands(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["planned"]
    example.wait(task, "WAITING")
    assert example.asked(task) == ["human-review"]
    assert stages(example, task) == ["plan", "implement", "harden"]
    assert "Does it do what the task asks" in example.house.ok("show", str(task)).stdout

    example.house.approve(task, "human-review")
    landed = example.wait(task, "LANDED")["landed_commit"]
    assert "test_of_nothing" in example.repo.show("tests/test_discount.py", landed)
    assert "Approved-by: " in example.repo.git("log", "-1", "--format=%B", landed)
    assert example.house.show(task)["cost_usd"] == 0.75


def test_red_tests_go_back_with_what_they_said_at_every_stage(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["sent back"]
    example.wait(task, "WAITING")
    assert stages(example, task) == ["plan", "implement", "implement", "harden", "harden"]
    assert example.asked(task) == ["human-review"]


def test_tests_that_stay_red_stop_it_and_nobody_is_asked_to_read_it(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["never right"]
    shown = example.wait(task, "WAITING")
    assert (shown["waiting_for"], stages(example, task)) == ("stuck", ["plan", *["implement"] * 3])
    assert "1 failed of 1" in example.house.ok("why", str(task)).stdout
    assert example.gates(task) == {"tests": "fail"}
    assert example.asked(task) == []
    said = [e["reason"] for e in example.house.events() if e["type"] == "VerdictGiven" and e["task"] == task]
    assert "no tests collected" in said[0]


def test_a_plan_that_changes_files_is_refused(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["plans with a pen"]
    shown = example.wait(task, "WAITING")
    assert (shown["waiting_for"], stages(example, task)) == ("stuck", ["plan"] * 3)


def test_a_person_s_no_ends_it(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["refused"]
    example.wait(task, "WAITING")
    assert example.asked(task) == ["human-review"]
    example.house.ok("reject", str(task), "-m", "no prose in the README")
    example.wait(task, "REJECTED")
    assert example.repo.show("README.md") == "An example."
