"""Production: light by default, raised by what a change touches, with a floor that nothing goes below."""

from typing import Any

import pytest

APPROVE = """echo '{"verdict": "approve", "findings": [], "summary": "Nothing is given away."}'"""
REJECT = """echo '{"verdict": "reject", "findings": [{"text": "mallory becomes an admin"}], "summary": "No."}'"""
CAREFUL = f"if grep -q '^+.*mallory' $PROMPT; then {REJECT}; else {APPROVE}; fi"
# Not written out: this file must not hold what a scanner takes for a key.
KEY = "echo \"key = 'AKIA$(printf Z7Q2M4X9K1P5T8W3)'\" > docs/{}.txt"
RED = [f"echo fee={n} > payments/fee.sh" for n in (6, 7, 8, 9)]

TASKS: dict[str, dict[str, str | list[str]]] = {
    "docs": {"implement": "echo 'And how to stop it.' >> docs/run.md"},
    "fee": {"implement": "echo fee=4 > payments/fee.sh", "review": APPROVE},
    "admins": {
        "implement": ["echo 'admins=\"ada mallory\"' > auth/admins.sh", "echo 'admins=\"ada bob\"' > auth/admins.sh"],
        "review": CAREFUL,
    },
    "backdoor": {"implement": "echo 'admins=\"ada  mallory\"' > auth/admins.sh", "review": CAREFUL},
    "red for long": {"implement": [*RED, "echo fee=2 > payments/fee.sh"], "review": APPROVE},
    "red for long elsewhere": {
        "implement": [*(f"echo 'exit {n}' > tests/new.sh" for n in (1, 2, 3, 4)), "echo true > tests/new.sh"]
    },
    "key": {"implement": KEY.format("key")},
    "key taken out": {"implement": [KEY.format("other"), "rm docs/other.txt; echo 'No key.' > docs/no-key.txt"]},
    "judge": {"implement": ["printf 'test:\\n\\ttrue\\n' > Makefile"]},
}


@pytest.fixture(scope="module")
def tasks(example: Any) -> dict[str, int]:
    """All of them at once, in one daemon."""
    example.start()
    tasks = {title: example.submit(title, script) for title, script in TASKS.items()}
    careful = {"implement": "echo 'On Mondays.' > docs/when.md", "review": APPROVE}
    return {**tasks, "asked for": example.submit("careful docs", careful, "--profile", "critical")}


def test_it_is_checked_without_a_warning(example: Any) -> None:
    assert example.warnings() == []


def test_it_says_beforehand_what_a_change_would_be_asked(example: Any) -> None:
    repo = example.repo
    repo.git("switch", "-q", "-c", "trial")
    repo.commit({"auth/admins.sh": 'admins="eve"\n'})
    said = example.house.ok("check", "-C", str(repo.path), "--diff", "main..trial").stdout
    repo.git("switch", "-q", "main")
    assert "raised to the profile critical (payments/** auth/**): auth/admins.sh" in said
    assert "owner" in said


def test_what_is_harmless_lands_with_nobody_asked(example: Any, tasks: dict[str, int]) -> None:
    shown = example.wait(tasks["docs"], "LANDED")
    assert shown["profile"] is None
    assert set(example.gates(tasks["docs"], "land").values()) == {"pass", "skipped"}
    assert {"security-review", "owner"}.isdisjoint(example.gates(tasks["docs"], "land"))


def test_what_moves_money_is_raised_reviewed_and_asked_about(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["fee"]
    waiting = example.wait(task, "WAITING")
    assert example.asked(task) == ["owner"]
    assert "critical" in waiting["profile"]
    assert [agent for _, agent in example.agents(task)] == ["writer", "auditor"]
    said = example.house.ok("show", str(task)).stdout
    assert "payments/fee.sh" in said
    assert "Has it been tried against the test system?" in said
    example.house.approve(task, "owner")
    example.wait(task, "LANDED")
    assert example.repo.show("payments/fee.sh") == "fee=4"


def test_a_profile_can_be_asked_for(example: Any, tasks: dict[str, int]) -> None:
    example.wait(tasks["asked for"], "WAITING")
    assert example.asked(tasks["asked for"]) == ["owner"]


def test_what_the_security_review_finds_goes_back_before_a_person_is_asked(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["admins"]
    example.wait(task, "WAITING")
    assert [agent for _, agent in example.agents(task)] == ["writer", "auditor"] * 2
    assert example.asked(task) == ["owner"]


def test_the_security_review_closes(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["backdoor"]
    shown = example.wait(task, "WAITING")
    assert f"foremanctl logs {task} --gate security-review" in example.house.ok("why", str(task)).stdout
    assert "mallory becomes an admin" in example.house.ok("logs", str(task), "--gate", "security-review").stdout
    assert (shown["waiting_for"], example.asked(task)) == ("stuck", [])


def test_raised_limits_are_lower(example: Any, tasks: dict[str, int]) -> None:
    shown = example.wait(tasks["red for long"], "WAITING")
    assert shown["waiting_for"] == "budget", shown["reason"]
    assert (shown["cost_usd"], len(shown["attempts"])) == (1.0, 4)
    landed = example.wait(tasks["red for long elsewhere"], "LANDED")
    assert (landed["cost_usd"], len(landed["attempts"])) == (1.25, 5)


def test_a_person_may_grant_more_but_nothing_goes_above_the_floor(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["red for long"]
    example.wait(task, "WAITING")
    above = example.house.ctl("limit", str(task), "cost_usd=50")
    assert (above.returncode, "the floor allows at most 10" in above.stderr) == (5, True), above
    above = example.house.ctl("submit", "more", "-C", str(example.repo.path), "--limit", "cost_usd=50")
    assert (above.returncode, "the floor allows at most 10" in above.stderr) == (5, True), above

    example.house.ok("limit", str(task), "cost_usd=2", "attempts=8")
    example.house.until(lambda: example.asked(task) == ["owner"], "the task goes on to its owner")


def test_a_key_closes_the_floor_s_gate_which_nobody_waives(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["key"]
    shown = example.wait(task, "WAITING")
    assert shown["waiting_for"] == "stuck"
    assert example.gates(task, "land")["secrets"] == "fail"
    said = example.house.ctl("waive", str(task), "secrets", "-m", "it is only a test key")
    assert (said.returncode, "floor" in said.stderr) == (5, True), said


def test_a_key_that_was_taken_out_again_lands_clean(example: Any, tasks: dict[str, int]) -> None:
    example.wait(tasks["key taken out"], "LANDED")
    assert "docs/other.txt" not in example.repo.git("log", "--name-only", "--format=", "main").split()


def test_what_judges_the_work_is_closed_to_it(example: Any, tasks: dict[str, int]) -> None:
    shown = example.wait(tasks["judge"], "WAITING")
    assert (shown["waiting_for"], "Makefile" in shown["reason"]) == ("stuck", True), shown["reason"]
