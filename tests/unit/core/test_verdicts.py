"""What a verdict is about, and what two runs amount to."""

import pytest
from playbook import BASE, SIMPLE, Playbook, attempt, gate, human, ran, tree, work

from foremand.core import verdicts
from foremand.core.facts import Waived
from foremand.core.task import Run
from foremand.core.verdicts import Finding, Standing, about, applies, weigh

TESTS, FINAL, DOCS = gate("tests"), human("final"), gate("docs", "command", "docs/**")
OWNER = human("owner", "src/**")


@pytest.mark.parametrize(
    ("asked", "plan", "subject"),
    [
        (TESTS, False, f"tree:{tree(1)}"),
        (TESTS, True, f"tree:{tree(1)}"),
        (FINAL, False, "change:change-1"),
        (FINAL, True, f"revision:{work(1).revision}"),
        (human("unknown"), False, f"revision:{work(1).revision}"),
        (DOCS, False, f"diff:tree-base..{tree(1)}"),
        (OWNER, False, f"diff:tree-base..{tree(1)}"),
    ],
)
def test_what_an_answer_is_about(asked: object, plan: bool, subject: str) -> None:
    assert about(asked, work(1), plan=plan) == subject  # type: ignore[arg-type]


def test_a_gate_applies_where_its_paths_are_touched() -> None:
    assert applies(TESTS, work(1, changes={}))
    assert not applies(DOCS, work(1, changes={}))
    assert applies(DOCS, work(1, changes={"docs": "x"}))


@pytest.mark.parametrize(
    "other",
    [
        {"gate": "lint"},
        {"definition": "changed"},
        {"tree": tree(2)},
    ],
)
def test_an_answer_is_for_nothing_else(other: dict[str, str]) -> None:
    play = Playbook(SIMPLE, *attempt(1), ran("tests", tree(1)))
    name, definition = other.get("gate", "tests"), other.get("definition", "definition-of-tests")
    made = work(1, tree=other.get("tree", tree(1)))
    assert verdicts.standing(play.task, "implement", TESTS, work(1)).verdict == "pass"
    assert verdicts.standing(play.task, "implement", gate(name, definition=definition), made).verdict is None


def test_a_waiver_is_for_one_revision_and_no_other_of_the_same_tree() -> None:
    said = {"task": 1, "at": 0.0, "stage": "implement", "by": "ann", "message": "known flake"}
    gate_, subject = {"gate": "tests", "definition": TESTS.definition}, f"tree:{tree(1)}"
    play = Playbook(SIMPLE, *attempt(1), Waived(**said, **gate_, about=subject, revision=work(1).revision))  # type: ignore[arg-type]
    assert verdicts.standing(play.task, "implement", TESTS, work(1)).verdict == "waived"
    other = work(1, revision=work(2).revision)
    assert about(TESTS, other, plan=False) == subject
    assert verdicts.standing(play.task, "implement", TESTS, other).verdict is None


@pytest.mark.parametrize("verdict", ["pass", "skipped", "waived"])
def test_what_opens(verdict: verdicts.Standing_) -> None:
    assert Standing(gate=TESTS, stage="s", about="x", work=work(1), verdict=verdict).open


@pytest.mark.parametrize("verdict", [None, "fail", "error", "waiting", "running"])
def test_what_does_not(verdict: verdicts.Standing_ | None) -> None:
    assert not Standing(gate=TESTS, stage="s", about="x", work=work(1), verdict=verdict).open


RED = f"said; already red on BASE {BASE[:12]}"


@pytest.mark.parametrize(
    ("on_work", "on_base", "verdict", "reason"),
    [
        ("pass", None, "pass", "said"),
        ("pass", "fail", "pass", "said"),
        ("fail", "pass", "fail", "said"),
        ("fail", "fail", "fail", RED),
        ("fail", "error", "fail", "said"),
        ("error", "pass", "fail", "said"),
        ("error", "fail", "fail", RED),
        ("error", "error", "error", "said; the same on the base"),
    ],
)
def test_what_two_runs_amount_to(on_work: str, on_base: str | None, verdict: str, reason: str) -> None:
    base_run = Run(tries=1, result=on_base) if on_base else None  # type: ignore[arg-type]
    run = Run(tries=1, result=on_work, reason="said")  # type: ignore[arg-type]
    assert weigh(run, base_run, base=BASE, same_tree=False) == Finding(verdict=verdict, reason=reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("on_work", ["fail", "error"])
@pytest.mark.parametrize("on_base", [None, Run(tries=0)])
def test_nothing_is_said_before_the_base_has_run(on_work: str, on_base: Run | None) -> None:
    run = Run(tries=1, result=on_work)  # type: ignore[arg-type]
    assert weigh(run, on_base, base=BASE, same_tree=False) == Finding(needs_base=True)


@pytest.mark.parametrize(("result", "reason"), [("fail", RED), ("error", "said"), ("pass", "said")])
def test_work_that_equals_its_base_is_its_own_comparison(result: str, reason: str) -> None:
    run = Run(tries=1, result=result, reason="said")  # type: ignore[arg-type]
    assert weigh(run, run, base=BASE, same_tree=True) == Finding(verdict=result, reason=reason)  # type: ignore[arg-type]


def test_a_verdict_that_is_missing_is_an_error() -> None:
    play = Playbook(SIMPLE, *attempt(1))
    standing = verdicts.standing(play.task, "implement", TESTS, work(1))
    fact = verdicts.given(play.task, standing, None, "", 0.0)
    assert fact.verdict == "error"
