"""Which revisions count as refused by a secrets gate: by its last word on each commit, and by nobody else's."""

from collections.abc import Sequence
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from foremand.core import facts as f
from foremand.core.spec import Gate, Pipeline
from foremand.engine.taint import taint
from foremand.pipeline import load

FILE = """
version = 1

[agent.hand]
adapter = "command"
command = ["true"]

[gate.secret]
kind = "secrets"

[gate.tests]
kind = "command"
run = "true"

[[stage]]
name = "implement"
agent = "hand"
gates = ["secret", "tests"]
"""
PIPELINE: Pipeline = load(FILE, {}.get, "here")
SECRET = PIPELINE.gates["secret"]


def begun(pipeline: Pipeline = PIPELINE) -> f.AnyFact:
    return f.TaskStarted(
        task=1, at=0, base="base", base_tree="tree", pipeline=pipeline, pipeline_hash="h", origin="o", sandboxed=True
    )


def work(revision: str, commits: Sequence[str] = (), tree: str = "") -> f.Work:
    return f.Work(
        revision=revision, tree=tree or f"tree-{revision}", base="base", base_tree="tree", commits=(*commits,)
    )


def sealed(number: int, *commits: str, tree: str = "") -> f.AnyFact:
    return f.WorkSealed(task=1, at=0, number=number, work=work(commits[-1], commits, tree), changed=True)


def built(number: int, source: str, **more: Any) -> f.AnyFact:
    made = work(f"candidate-{number}", [f"candidate-{number}"])
    return f.CandidateBuilt(task=1, at=0, number=number, source=source, tip="tip", work=made, **more)


def said(verdict: Literal["pass", "fail", "error"], revision: str, gate: Gate = SECRET) -> f.AnyFact:
    at = {"gate": gate.name, "definition": gate.definition, "stage": "implement", "about": "x", "revision": revision}
    return f.VerdictGiven(task=1, at=0, verdict=verdict, reason="r", **at)


def waived(revision: str) -> f.AnyFact:
    at = {"gate": "secret", "definition": SECRET.definition, "stage": "implement", "about": "x", "revision": revision}
    return f.Waived(task=1, at=0, by="ann", message="fine", **at)


ALLOWING = replace(SECRET, definition="allowing")
STRICTER = replace(SECRET, definition="stricter")
OTHER = replace(SECRET, name="other", definition="other")


def of(gate: Gate) -> Pipeline:
    return replace(PIPELINE, gates={**PIPELINE.gates, gate.name: gate})


def repinned(gate: Gate) -> f.AnyFact:
    return f.Repinned(task=1, at=0, pipeline=of(gate), pipeline_hash="h2", origin="o", by="ann")


@pytest.mark.parametrize(
    ("facts", "revisions", "candidates"),
    [
        ([sealed(1, "a")], "", ""),
        ([sealed(1, "a"), said("pass", "a")], "", ""),
        ([sealed(1, "a"), said("error", "a")], "", ""),
        ([sealed(1, "a"), said("fail", "a")], "a", ""),
        ([sealed(1, "a"), said("fail", "a", PIPELINE.gates["tests"])], "", ""),
        ([sealed(1, "a"), said("fail", "a"), waived("a")], "", ""),
        # The stage before was let pass; the one after stands on what is refused.
        ([sealed(1, "a"), said("pass", "a"), sealed(2, "a", "b"), said("fail", "b")], "b", ""),
        ([sealed(1, "a"), sealed(2, "a", "b"), said("fail", "b"), sealed(3, "c")], "a b", ""),
        ([sealed(1, "a"), said("fail", "a"), sealed(2, "a", "b")], "a b", ""),
        # A plan has the base's files.
        ([sealed(1, "p", tree="tree"), sealed(2, "p", "b"), said("fail", "b")], "b", ""),
        # A known secret is allowed later; a stricter gate refuses what an earlier one let pass.
        ([sealed(1, "a"), said("fail", "a"), repinned(ALLOWING), said("pass", "a", ALLOWING)], "", ""),
        ([sealed(1, "a"), said("pass", "a"), repinned(STRICTER), said("fail", "a", STRICTER)], "a", ""),
        ([repinned(OTHER), sealed(1, "a"), said("fail", "a"), said("pass", "a", OTHER)], "a", ""),
        # An advisory gate refuses nothing.
        ([repinned(replace(OTHER, advisory=True)), sealed(1, "a"), said("fail", "a", OTHER)], "", ""),
        # What is made of a refused seal, and the seals of which a refused candidate is made.
        ([sealed(1, "a"), built(1, "a"), said("fail", "a")], "a candidate-1", "1"),
        ([sealed(1, "a"), said("fail", "a"), built(1, "a"), said("pass", "candidate-1")], "a", ""),
        ([sealed(1, "a"), built(1, "a"), said("fail", "candidate-1")], "a candidate-1", "1"),
        ([sealed(1, "a"), said("pass", "a"), built(1, "a"), said("fail", "candidate-1")], "candidate-1", ""),
        ([sealed(1, "a"), built(1, "a", gates=(OTHER,)), said("fail", "candidate-1", OTHER)], "a candidate-1", "1"),
    ],
)
def test_the_last_word_on_each_commit_counts(facts: list[f.AnyFact], revisions: str, candidates: str) -> None:
    found = taint([begun(), *facts])
    assert sorted(found.revisions) == revisions.split()
    assert sorted(map(str, found.candidates)) == candidates.split()
    assert found.commits <= found.revisions


def test_a_conflict_of_refused_work_is_named_too() -> None:
    conflict = f.CandidateConflicted(
        task=1, at=0, number=1, source="a", tip="tip", tip_tree="t", files="merge", paths=("x",)
    )
    found = taint([begun(), sealed(1, "a"), conflict, said("fail", "a")])
    assert found.candidates == {1}
    assert "merge" in found.revisions
