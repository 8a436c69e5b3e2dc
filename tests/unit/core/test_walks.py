"""Random walks: what must hold in every state that can be reached (contract 8)."""

import random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook import APPROVES
from walk import World, renamed, replayed, seen, tree_id
from walk_pipelines import GUARDED, JUDGED, JUDGES, PIPELINES, STRICT

from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.course import next_steps
from foremand.core.fold import apply
from foremand.core.spec import LAND, Gate, Pipeline
from foremand.core.status import status
from foremand.core.task import Task
from foremand.core.why import commands, explain

SCRIPTS = st.binary(min_size=150, max_size=900) | st.builds(
    lambda seed, size: random.Random(seed).randbytes(size), st.integers(0, 2**32), st.integers(150, 1500)
)
MOST_TURNS = 500


@pytest.mark.parametrize("pipelines", [PIPELINES, (GUARDED,), (JUDGED,), (STRICT,)])
@settings(max_examples=30)
@given(script=SCRIPTS)
def test_every_reachable_state_keeps_the_contract(pipelines: tuple[Pipeline, ...], script: bytes) -> None:
    world = World(script, pipelines=pipelines)
    checked: dict[int, Task] = {}
    for _ in range(MOST_TURNS):
        world.turn()
        for task in world.tasks.values():
            if checked.get(task.id) is not task:
                check_steps(world, task)
                check_state(world, task)
                checked[task.id] = task
        check_branch(world)
        if world.script.over:
            break
    for task in world.tasks.values():
        check_replay(world, task)


def check_steps(world: World, task: Task) -> None:
    """Whatever is not over is done or waited for by name; every step has a key of its own."""
    steps = world.steps(task)
    assert bool(steps) == (task.over is None)
    keys = [step.key for step in steps]
    assert len(keys) == len(set(keys)), keys
    waits = [step for step in steps if isinstance(step, s.Wait)]
    assert all(wait.reason for wait in waits)
    assert any(isinstance(step, s.WakeAt) for step in steps) or not any(w.on in ("backoff", "quota") for w in waits)
    for step in steps:
        if isinstance(step, s.RunGate):
            known = world.keys.setdefault((task.id, step.key), step)
            assert (known.gate.definition, known.tree, known.number) == (step.gate.definition, step.tree, step.number)  # type: ignore[attr-defined]
            assert not any(isinstance(fact, f.GateRan) and fact.run == step.key for fact in world.facts[task.id]), (
                "a run that has answered is never asked for again"
            )


def check_state(world: World, task: Task) -> None:
    """Bounds, and a state with a reason for every fact."""
    assert sum(a.outcome is None for a in task.attempts) <= 1, "two agents at once"
    assert [a.number for a in task.attempts] == list(range(1, len(task.attempts) + 1))
    assert sum(not a.by for a in task.attempts) <= world.runs_allowed[task.id], "loops are bounded"
    assert not any(a.agent in JUDGES and not a.gate for a in task.attempts), "a reviewer writes"
    assert not task.locks or task.intent is not None
    if task.intent is not None:
        assert task.over is None, "nothing ends before it is known what the branch holds"
        assert task.candidate is not None
        assert task.intent.candidate == task.candidate.number
    now = status(task)
    assert now.reason
    assert now.state in ("LANDED", "REJECTED", "FAILED", "CANCELLED") or task.over is None
    assert explain(task)
    assert commands(task, now) or now.state == "LANDED", "somebody can move it"
    if now.state == "WAITING":
        assert now.waiting_for


def check_branch(world: World) -> None:
    """At most one task lands at a time, and what has landed was judged."""
    queued = [t for t in world.tasks.values() if t.queued_at is not None]
    landing = [t for t in queued for step in world.steps(t) if isinstance(step, s.Land)]
    assert len(landing) <= 1
    while world.landings:
        check_landed(world, world.landings.pop())


def check_landed(world: World, landed: f.Landed) -> None:
    """I1 and I2, worked out from the facts and the files alone."""
    task = world.tasks[landed.task]
    facts = world.facts[landed.task]
    intent = [x for x in facts if isinstance(x, f.LandingIntended) and x.new == landed.commit][-1]
    (built,) = [x for x in facts if isinstance(x, f.CandidateBuilt) and x.number == intent.candidate]
    before, files = world.commits[built.tip], world.commits[landed.commit]
    assert tree_id(files) == built.work.tree
    assert not built.signs or any(isinstance(x, f.Signed) and x.commit == landed.commit for x in facts)
    pipeline, profiles = pinned(facts)
    raised = [name for name, each in pipeline.profiles.items() if each.paths and seen(name, before, files)]
    assert set(raised) <= set(profiles), "it was not raised to what its change is about"
    for gate in (*judging(pipeline, profiles), *built.gates):
        if not gate.advisory and not waived(world, facts, pipeline, gate, built):
            check_gate(world, facts, gate, built, seen(gate.name, before, files))
    for each in pipeline.stages:
        plan = task.current(each.name) if each.access == "read" else None
        if plan is not None:
            assert plan.work is not None
            asked = [*each.gates, *(("plan-ok",) if each.name == "design" else ())]
            for gate in (pipeline.gates[name] for name in asked if not pipeline.gates[name].advisory):
                said = [x.revision for x in facts if isinstance(x, f.Approved | f.Waived) and x.gate == gate.name]
                said += [x.revision for x in facts if isinstance(x, f.VerdictGiven) and is_pass_of(x, gate)]
                assert plan.work.revision in said, "the plan that was followed is not the one approved"


def is_pass_of(fact: f.VerdictGiven, gate: Gate) -> bool:
    return fact.gate == gate.name and fact.verdict == "pass" and gate.kind == "review"


def pinned(facts: list[f.AnyFact]) -> tuple[Pipeline, list[str]]:
    """The pipeline file that holds, and the profiles, in their order."""
    pipeline = [x.pipeline for x in facts if isinstance(x, f.TaskStarted | f.Repinned)][-1]
    asked = [x.profile or pipeline.default_profile for x in facts if isinstance(x, f.TaskSubmitted)]
    return pipeline, asked + [x.profile for x in facts if isinstance(x, f.ProfileRaised)]


def judging(pipeline: Pipeline, profiles: list[str]) -> list[Gate]:
    """What must have said yes to the change that lands: by the file, its profiles and its floor."""
    known = [pipeline.profiles[name] for name in profiles if name in pipeline.profiles]
    unskipped = [each for each in pipeline.stages if any(p not in pipeline.profiles for p in profiles)]
    unskipped += [each for each in pipeline.stages if any(each.name not in profile.skip for profile in known)]
    names: set[str] = {*pipeline.land.gates, *pipeline.floor.gates}
    names |= {name for profile in known for name in profile.gates.get(LAND, ())}
    planning = True
    for each in (each for each in pipeline.stages if each in unskipped):
        planning = planning and not each.writes
        asked = {*each.gates, *(name for profile in known for name in profile.gates.get(each.name, ()))}
        of_plan = {"human", "review"} if planning else set()
        names |= {x for x in asked if pipeline.gates[x].scope == "task" and pipeline.gates[x].kind not in of_plan}
    return [pipeline.gates[name] for name in sorted(names)]


def waived(world: World, facts: list[f.AnyFact], pipeline: Pipeline, gate: Gate, built: f.CandidateBuilt) -> bool:
    """Whether a person let this gate pass: on the candidate, or on the very change that it is. Never a floor's."""
    said = [x for x in facts if isinstance(x, f.Waived) and (x.gate, x.definition) == (gate.name, gate.definition)]
    assert not said or not (gate.floor or gate.name in pipeline.floor.gates), "a floor's gate was waived"
    (source,) = [x.work for x in facts if isinstance(x, f.WorkSealed) and x.work.revision == built.source]
    change = seen(gate.name, world.commits[source.base], world.commits[source.revision])
    same = (source.base_tree, source.tree) == (built.work.base_tree, built.work.tree)
    if gate.kind in ("protected", "review"):
        same = change == seen(gate.name, world.commits[built.tip], world.commits[built.work.revision])
    return any(x.by and (x.revision == built.work.revision or (same and x.revision == built.source)) for x in said)


def check_gate(
    world: World, facts: list[f.AnyFact], gate: Gate, built: f.CandidateBuilt, change: list[tuple[str, object, object]]
) -> None:
    """That this gate said yes to exactly what landed."""
    task = world.tasks[built.task]
    if gate.kind == "secrets":
        (source,) = [x.work for x in facts if isinstance(x, f.WorkSealed) and x.work.revision == built.source]
        landing = (*world.between(source.base, source.revision), built.work.revision)
        assert not any(world.has_secret(each) for each in landing), "a secret lands"
    elif gate.kind == "protected":
        assert not change, "what is protected was touched"
    elif gate.paths and not change:
        return
    elif gate.kind == "command":
        passed = [x for x in facts if isinstance(x, f.GateRan) and x.definition == gate.definition]
        assert any(x.tree == built.work.tree and x.result == "pass" for x in passed), f"{gate.name} never passed"
    elif gate.kind == "review":
        begun = [x for x in facts if isinstance(x, f.AttemptStarted) and x.gate == gate.name]
        asked = {x.number: x.agent for x in begun if (x.definition, x.about) == (gate.definition, f"change:{change}")}
        yes = [x for x in facts if isinstance(x, f.AttemptEnded) and x.outcome == "done" and x.output == APPROVES]
        wrote = {x.agent for x in facts if isinstance(x, f.AttemptStarted) and not x.gate}
        voted = {asked[x.number] for x in yes if x.number in asked} & set(gate.reviewers) - wrote
        assert len(voted) >= gate.quorum > 0, f"not enough reviewers approved this at {gate.name}"
    else:
        given_ = [x for x in facts if isinstance(x, f.Approved) and x.gate == gate.name]
        assert any(x.about == f"change:{change}" for x in given_), f"nobody approved this at {gate.name}"
        assert all(x.by for x in given_)
    assert task.over == "LANDED"


def check_replay(world: World, task: Task) -> None:
    """I5: the facts alone give the state and the next steps."""
    again = replayed(world.facts[task.id])
    assert again == task
    assert next_steps(again, world.world(task), world.now) == world.steps(task)


@settings(max_examples=30)
@given(script=SCRIPTS)
def test_left_alone_every_task_comes_to_rest(script: bytes) -> None:
    """Nothing loops for ever: without people, every task is over or waits for one before long."""
    world = World(script)
    for _ in range(len(script)):
        world.turn()
        if world.script.over:
            break
    world.script.over = True
    for _ in range(2000):
        if all(rests(world, task) for task in world.tasks.values()):
            return
        world.turn()
    raise AssertionError([status(task).reason for task in world.tasks.values()])


def rests(world: World, task: Task) -> bool:
    steps = world.steps(task)
    return not steps or all(isinstance(x, s.Wait) and x.on not in ("queue", "backoff", "quota") for x in steps)


@settings(max_examples=15)
@given(script=st.binary(min_size=200, max_size=500), shuffle=st.randoms(use_true_random=False))
def test_the_fold_is_total(script: bytes, shuffle: object) -> None:
    """Any facts in any order: nothing raises, and there is always a state, a reason and a next step."""
    world = World(script)
    while not world.script.over:
        world.turn()
    pool = [fact for facts in world.facts.values() for fact in facts]
    stages = ("plan", "draft", "implement", "check", "land", "nowhere", "")
    for number in range(3):
        story = [renamed(x, shuffle.choice(stages)) if shuffle.random() < 0.3 else x for x in pool]  # type: ignore[attr-defined]
        shuffle.shuffle(story)  # type: ignore[attr-defined]
        task: Task | None = world.facts[number + 1][0] and apply(None, world.facts[number + 1][0])
        for fact in (*world.facts[number + 1][: shuffle.randrange(5)], *story):  # type: ignore[attr-defined]
            task = apply(task, fact)
            assert task is not None
            for turn in (True, False):
                steps = next_steps(task, s.World(queue_turn=turn), fact.at + 1)
                assert bool(steps) == (task.over is None)
            assert explain(task)


def test_the_walks_go_everywhere() -> None:
    """What a walk never meets it does not test: every kind of fact comes up, and every pipeline lands."""
    met: set[type] = set()
    landed: set[str] = set()
    for seed in range(30):
        world = World(random.Random(seed).randbytes(1500))
        for _ in range(MOST_TURNS):
            world.turn()
        met |= {type(fact) for facts in world.facts.values() for fact in facts}
        landed |= {task.pipeline.stages[0].name for task in world.tasks.values() if task.over == "LANDED"}
    unmet = {kind.__name__ for kind in set(get_args(f.AnyFact)) - met}
    assert unmet <= {"NotifyRequested", "Notified"}, "no step makes these"
    assert landed == {pipeline.stages[0].name for pipeline in PIPELINES}
