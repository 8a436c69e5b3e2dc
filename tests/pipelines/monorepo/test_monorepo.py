"""A monorepo: each part's own tests, a person for the API, two reviewers for migrations, deployment closed."""

from typing import Any

import pytest

APPROVE = """echo '{"verdict": "approve", "findings": [], "summary": "It can be taken back."}'"""
REJECT = """echo '{"verdict": "reject", "findings": [{"text": "it locks the whole table"}], "summary": "No."}'"""
UNLESS_NULLABLE = f"if grep -q '^+.*not null' $PROMPT; then {REJECT}; else {APPROVE}; fi"
COLUMN = "echo 'alter table orders add column {0} text {1};' > migrations/0002_{0}.sql"

TASKS: dict[str, dict[str, str | list[str]]] = {
    "web alone": {"implement": "echo 'export const home = \"/\";' > web/home.js"},
    "red web": {"implement": "sed -i 's/{id}/{no}/' web/orders.js"},
    "server alone": {
        "implement": [
            "echo '# Orders.' >> server/orders.py; echo 'assert 0' >> server/test_orders.py",
            "grep -q 'assert 0' $PROMPT; sed -i '/assert 0/d' server/test_orders.py",
        ]
    },
    "api": {"implement": 'sed -i \'s/"total"]/"total"], "since": 2/\' api/orders.json'},
    "out of the api": {
        "implement": """
            git mv api/orders.json web/orders.json
            sed -i 's#../api/#./#' web/orders.js
            sed -i 's#api/orders#web/orders#' server/test_orders.py
        """
    },
    "migration": {"implement": COLUMN.format("note", ""), "review": APPROVE},
    "migration mended": {
        "implement": [
            COLUMN.format("shop", "not null default 0"),
            f"grep -q 'it locks the whole table' $PROMPT\n{COLUMN.format('shop', '')}",
        ],
        "review@opus": APPROVE,
        "review@haiku": UNLESS_NULLABLE,
    },
    "migration refused": {
        "implement": COLUMN.format("code", "not null default 0"),
        "review@opus": UNLESS_NULLABLE,
        "review@haiku": APPROVE,
    },
    "deployment": {"implement": "echo 'replicas: 200' > deploy/production.yaml; echo ok > web/note.txt"},
    "conflict markers": {"implement": ["echo '<<<<<<< mine' > notes.txt", "rm notes.txt; echo fine > good.txt"]},
}


@pytest.fixture(scope="module")
def tasks(example: Any) -> dict[str, int]:
    """All of them at once, in one daemon."""
    example.start()
    return {title: example.submit(title, script) for title, script in TASKS.items()}


def test_it_is_checked_without_a_warning(example: Any) -> None:
    assert example.warnings() == []


def test_a_part_is_judged_by_its_own_tests_and_lands_with_nobody_asked(example: Any, tasks: dict[str, int]) -> None:
    example.wait(tasks["web alone"], "LANDED")
    assert example.gates(tasks["web alone"], "land") == {
        "whole": "pass",
        "web-tests": "pass",
        "server-tests": "skipped",
        "deployment": "pass",
        "migrations": "skipped",
        "api-owner": "skipped",
        "foremand-policy": "skipped",
    }


def test_each_part_s_red_tests_close(example: Any, tasks: dict[str, int]) -> None:
    shown = example.wait(tasks["red web"], "WAITING")
    assert (shown["waiting_for"], example.gates(tasks["red web"])["web-tests"]) == ("stuck", "fail")
    example.wait(tasks["server alone"], "LANDED")
    assert len(example.agents(tasks["server alone"])) == 2
    assert example.gates(tasks["server alone"])["web-tests"] == "skipped"


def test_what_no_path_rule_knows_is_judged_all_the_same(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["conflict markers"]
    example.wait(task, "LANDED")
    assert len(example.agents(task)) == 2


def test_the_api_needs_its_owner_once(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["api"]
    example.wait(task, "WAITING")
    assert example.asked(task) == ["api-owner"]
    assert "Does every client in use still work?" in example.house.ok("show", str(task)).stdout
    example.house.approve(task, "api-owner")
    example.wait(task, "LANDED")
    given = [e for e in example.house.events() if e["task"] == task and e["type"] == "Approved"]
    assert len(given) == 1


def test_a_file_that_is_moved_out_of_the_api_needs_its_owner_too(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["out of the api"]
    example.wait(task, "WAITING")
    assert example.asked(task) == ["api-owner"]
    example.house.ok("reject", str(task), "-m", "it is found there by others")
    example.wait(task, "REJECTED")


def test_a_migration_needs_both_reviewers_and_no_person(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["migration"]
    example.wait(task, "LANDED")
    assert [agent for _, agent in example.agents(task)] == ["writer", "dba", "operations"]
    assert example.gates(task)["migrations"] == "pass"


def test_what_one_reviewer_finds_is_mended_and_both_look_again(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["migration mended"]
    landed = example.wait(task, "LANDED")["landed_commit"]
    assert [agent for _, agent in example.agents(task)] == ["writer", "dba", "operations"] * 2
    assert "not null" not in example.repo.show("migrations/0002_shop.sql", landed)


def test_one_of_two_reviewers_is_not_enough(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["migration refused"]
    shown = example.wait(task, "WAITING")
    assert shown["waiting_for"] == "stuck"
    assert example.gates(task)["migrations"] == "fail"
    assert "it locks the whole table" in example.house.ok("logs", str(task), "--gate", "migrations").stdout


def test_deployment_is_closed_and_no_money_is_spent_on_reviewing_it(example: Any, tasks: dict[str, int]) -> None:
    task = tasks["deployment"]
    shown = example.wait(task, "WAITING")
    assert (shown["waiting_for"], example.gates(task)["deployment"]) == ("stuck", "fail")
    assert "deploy/production.yaml" in shown["reason"]
    assert example.asked(task) == []
