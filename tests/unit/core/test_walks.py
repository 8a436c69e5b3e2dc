"""Random walks: what must hold in every state that can be reached (contract 8)."""

import random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walk import GUARDED, PATHS, PIPELINES, World, renamed, replayed, seen, tree_id

from foremand.core import facts as f
from foremand.core import steps as s
from foremand.core.course import next_steps
from foremand.core.fold import apply
from foremand.core.spec import Pipeline
from foremand.core.status import status
from foremand.core.task import Task
from foremand.core.why import commands, explain

SCRIPTS = st.binary(min_size=150, max_size=900) | st.builds(
    lambda seed, size: random.Random(seed).randbytes(size), st.integers(0, 2**32), st.integers(150, 1500)
)
MOST_TURNS = 500


@pytest.mark.parametrize("pipelines", [PIPELINES, (GUARDED,)], ids=["mixed", "guarded"])
@settings(max_examples=50)
@given(script=SCRIPTS)
def test_every_reachable_state_keeps_the_contract(pipelines: tuple[Pipeline, ...], script: bytes) -> None:
    world = World(script, pipelines=pipelines)
    checked: dict[int, Task] = {}
    for _ in range(MOST_TURNS):
        world.turn()
        for task in world.tasks.values():
            if checked.get(task.id) is not task:
                check_steps(world, task)
                check_state(task)
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


def check_state(task: Task) -> None:
    """Bounds, and a state with a reason for every fact."""
    assert sum(a.outcome is None for a in task.attempts) <= 1, "two agents at once"
    assert [a.number for a in task.attempts] == list(range(1, len(task.attempts) + 1))
    if task.started is not None:
        assert len(task.attempts) <= (task.limits.attempts or 0), "loops are bounded"
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
    (built,) = [x for x in facts if isinstance(x, f.CandidateBuilt) and x.work.revision == landed.commit]
    before, files = world.commits[built.tip], world.commits[landed.commit]
    pipeline = task.pipeline
    names = {name for each in pipeline.stages for name in each.gates if _judges(task, each.access, name)}
    for name in names | set(pipeline.land.gates):
        change = seen(name, before, files)
        if name in PATHS and not change:
            continue
        gate = pipeline.gates[name]
        if gate.kind == "command":
            passed = [x for x in facts if isinstance(x, f.GateRan) and x.definition == gate.definition]
            assert any(x.tree == tree_id(files) and x.result == "pass" for x in passed), f"{name} never passed"
        else:
            given_ = [x for x in facts if isinstance(x, f.Approved) and x.gate == name]
            assert any(x.about == f"change:{change}" for x in given_), f"nobody approved this at {name}"
            assert all(x.by for x in given_)
    for each in pipeline.stages:
        if each.access == "read":
            plan = task.current(each.name)
            assert plan is not None
            assert plan.work is not None
            for name in each.gates:
                said = [x.revision for x in facts if isinstance(x, f.Approved) and x.gate == name]
                assert plan.work.revision in said, "the plan that was followed is not the one approved"


def _judges(task: Task, access: str, name: str) -> bool:
    return task.pipeline.gates[name].kind == "command" or access == "write"


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
    stages = ("plan", "draft", "implement", "land", "nowhere", "")
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
    assert set(get_args(f.AnyFact)) - met == {f.Waived, f.LimitsChanged}, "what no command of this version writes"
    assert landed == {pipeline.stages[0].name for pipeline in PIPELINES}
