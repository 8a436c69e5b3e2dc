"""A slow setup: it runs once for a day's ten tasks, and again when a file that decides what it makes changes."""

from typing import Any

import pytest


@pytest.fixture(scope="module")
def day(example: Any) -> Any:
    """Ten tasks, all of which have landed."""
    config = example.house.root / "config" / "foremand"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('allow_cache = ["~/.cache/toolchain"]\n')
    example.start()
    tasks = [
        example.submit(f"note {n}", {"implement": f"echo {n} > note{n}.txt; cat toolchain/version"}) for n in range(10)
    ]
    for task in tasks:
        example.wait(task, "LANDED")
    return example


def built(example: Any) -> int:
    """How often the setup ran: each run leaves a line in the cache that it shares with the next."""
    return len((example.house.root / "home" / ".cache" / "toolchain" / "built").read_text().splitlines())


def test_it_is_checked_without_a_warning(example: Any) -> None:
    assert example.warnings() == []


def test_it_runs_once_for_a_day_s_ten_tasks(day: Any) -> None:
    assert built(day) == 1
    assert {f"note{n}.txt" for n in range(10)} <= set(day.repo.git("ls-tree", "--name-only", "main").split())


def test_a_gate_that_needs_it_closes_all_the_same(day: Any) -> None:
    task = day.submit("wrong", {"implement": "echo wrong > wrong.txt"})
    shown = day.wait(task, "WAITING")
    assert (shown["waiting_for"], day.gates(task)) == ("stuck", {"tests": "fail"})
    assert built(day) == 1


def test_it_runs_again_when_a_key_file_changes_and_only_then(day: Any) -> None:
    before = built(day)
    day.repo.commit({"toolchain.lock": "version 2\n"}, "a new toolchain")
    for n in (10, 11):
        task = day.submit(f"note {n}", {"implement": f"grep -q 'version 2' toolchain/version; echo {n} > note{n}.txt"})
        day.wait(task, "LANDED")
    assert built(day) == before + 1


def test_a_change_of_a_key_file_is_judged_with_a_setup_of_its_own(day: Any) -> None:
    before = built(day)
    task = day.submit(
        "upgrade", {"implement": "grep -q 'version 2' toolchain/version; echo version 3 > toolchain.lock"}
    )
    day.wait(task, "LANDED")
    outputs = [e["output"] for e in day.house.events() if e["type"] == "GateRan" and e["task"] == task]
    assert all("version 3" in output for output in outputs)
    assert built(day) == before + 1
    task = day.submit("after it", {"implement": "grep -q 'version 3' toolchain/version; echo on > after.txt"})
    day.wait(task, "LANDED")
    assert built(day) == before + 2, "what an agent's tree has set up judges no other work"
