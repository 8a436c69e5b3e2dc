"""A prototype: the least that is allowed, and all of it again for the part that is there to stay."""

from typing import Any

import pytest

TASKS: dict[str, dict[str, str | list[str]]] = {
    "sketch": {"implement": "echo 'echo again' >> sketches/demo.sh", "harden": "echo no > harden-was-here"},
    "broken sketch": {"implement": "echo 'exit 3' > sketches/demo.sh"},
    "core": {
        "implement": "echo greeting=hello > core/greeting.sh; echo '# It stays.' >> core/greeting.sh",
        "harden": "echo '# Gone over.' >> core/greeting.sh",
    },
    "broken core": {"implement": "echo greeting=good day > core/greeting.sh", "harden": "true"},
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


def test_a_sketch_lands_by_one_agent_and_one_command(example: Any, tasks: dict[str, int]) -> None:
    landed = example.wait(tasks["sketch"], "LANDED")
    assert stages(example, tasks["sketch"]) == ["implement"]
    assert example.gates(tasks["sketch"], "land") == {"runs": "pass", "foremand-policy": "skipped"}
    assert landed["profile"] == "sketch"


def test_the_one_command_closes(example: Any, tasks: dict[str, int]) -> None:
    shown = example.wait(tasks["broken sketch"], "WAITING")
    assert (shown["waiting_for"], example.gates(tasks["broken sketch"])) == ("stuck", {"runs": "fail"})


def test_what_stays_gets_the_stage_that_sketches_skip(example: Any, tasks: dict[str, int]) -> None:
    example.wait(tasks["core"], "LANDED")
    assert stages(example, tasks["core"]) == ["implement", "harden"]
    assert example.gates(tasks["core"], "land")["tests"] == "pass"
    assert example.repo.show("core/greeting.sh").endswith("# Gone over.")


def test_and_the_gate_of_that_stage_closes(example: Any, tasks: dict[str, int]) -> None:
    shown = example.wait(tasks["broken core"], "WAITING")
    assert shown["waiting_for"] == "stuck"
    assert example.gates(tasks["broken core"], "harden") == {"tests": "fail"}


def test_the_full_pipeline_can_be_asked_for(example: Any, tasks: dict[str, int]) -> None:
    task = example.submit("all of it", {"implement": "echo '#' >> sketches/demo.sh"}, "--profile", "keep")
    example.wait(task, "LANDED")
    assert stages(example, task) == ["implement", "harden"]
