"""The table of contract 6: which verb is allowed where; and where it is not, the refusal names one that is."""

import shlex
from collections.abc import Callable
from importlib import resources
from typing import get_args

import pytest
from playbook import ANN, BASE_TREE, Playbook, attempt, line, ran, stage, tree
from situations import SITUATIONS, told

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import steering
from foremand.core.durations import seconds
from foremand.core.spec import Floor, Limits
from foremand.core.steering import Today
from foremand.core.steps import WaitsFor
from foremand.core.task import Task
from foremand.core.why import commands, explain

Asked = Callable[[Task], tuple[f.AnyFact, ...]]

TODAY = Today(pipeline=line(stage("implement", "tests", "lint")), digest="today", origin="main")


def revision(task: Task) -> str:
    return c.status(task).revision


def today(task: Task) -> Today:
    works = {a.number: a.work for a in task.attempts if a.work is not None and not a.void}
    return Today(pipeline=TODAY.pipeline, digest="today", origin="main", works=works)


VERBS: dict[str, Asked] = {
    "approve": lambda task: c.approve(task, "", revision(task), ANN),
    "reject": lambda task: c.reject(task, revision(task), ANN, "no"),
    "rework": lambda task: c.rework(task, revision(task), ANN, "another way"),
    "retry": lambda task: c.retry(task, ANN),
    "cancel": lambda task: c.cancel(task, ANN),
    "pause": lambda task: steering.pause(task, ANN),
    "resume": lambda task: steering.resume(task, ANN),
    "send": lambda task: steering.say(task, "look here", ANN),
    "answer": lambda task: steering.answer(task, "", True, "", ANN),
    "take": lambda task: steering.take(task, ANN),
    "give": lambda task: steering.give(task, "done", ANN, rework=False),
    "limit": lambda task: steering.limit(task, Limits(turns=500), ANN),
    "priority": lambda task: steering.prioritize(task, 5, ANN),
    "repin": lambda task: steering.repin(task, today(task), ANN),
}

LANDING = {"in the queue", "lands", "to be built", "the branch may move"}
OVER = {"landed", "failed", "rejected", "cancelled", "cancelled before it began"}
UNSETTLED = {"the branch may move", "half landed"}
"""Nobody knows what the branch holds: first that."""

ENDING = {"being stopped"}
LIVE = SITUATIONS.keys() - OVER - ENDING
NOT_BEGUN = {"not started", "it cannot start", "after another", "after one that was rejected"}


def waiting(*whom: str) -> set[str]:
    return {name for name, (_, waits, _) in SITUATIONS.items() if waits in whom}


ALLOWED: dict[str, set[str]] = {
    "approve": waiting("person"),
    "reject": waiting("person", "stuck"),
    "rework": waiting("person", "stuck"),
    "retry": waiting("stuck", "error", "trouble", "quota", "backoff", "needs") | OVER - {"landed"},
    "cancel": LIVE - UNSETTLED,
    "pause": {name for name, (state, _, _) in SITUATIONS.items() if state in ("QUEUED", "RUNNING")} - ENDING,
    "resume": waiting("paused", "quota") | {"no money left today"},
    "send": {name for name, (state, _, _) in SITUATIONS.items() if state == "RUNNING"} - ENDING,
    "answer": waiting("question"),
    "take": LIVE - UNSETTLED - {"taken", "being handed over", "not handed over"},
    "give": {"taken"},
    "limit": LIVE,
    "priority": LIVE,
    "repin": LIVE - UNSETTLED - NOT_BEGUN - {"to be sealed", "no seal"},
}
"""`cancel, take, limit`: any live state. A landing under way and a task that is being stopped are settled first."""


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_is_what_its_name_says(name: str) -> None:
    state, waits, _ = SITUATIONS[name]
    now = told(name).status
    assert (now.state, now.waiting_for) == (state, waits), now.reason


def test_every_state_and_everybody_who_is_waited_for_is_among_them() -> None:
    states = {state for state, _, _ in SITUATIONS.values()}
    assert states == {"QUEUED", "RUNNING", "WAITING", "LANDING", "LANDED", "REJECTED", "FAILED", "CANCELLED"}
    assert {waits for _, waits, _ in SITUATIONS.values()} == {*get_args(WaitsFor), ""}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_verb_where_it_is_allowed_and_nowhere_else(name: str, verb: str) -> None:
    play = told(name)
    before = play.status
    try:
        facts = VERBS[verb](play.task)
    except c.Refused as refused:
        assert name not in ALLOWED[verb], f"refused: {refused.message}"
        assert refused.reason.isupper()
        assert refused.message
        assert refused.hint or before.reason.startswith("stops:"), "it names a way on"
        assert not refused.hint.startswith("foremanctl ") or is_allowed(play.task, refused.hint), refused.hint
        return
    assert name in ALLOWED[verb]
    assert facts
    play >> facts
    assert play.task.over is not None or play.steps, "something follows"


LOOKS = frozenset({"show", "logs", "diff", "list", "why", "wait", "queue", "costs", "config"})


def is_allowed(task: Task, command: str) -> bool:
    """Whether the command, as one would type it, is let through."""
    _, verb, *words = shlex.split(command)
    asked: dict[str, Asked] = VERBS | {
        "approve": lambda task: c.approve(task, "", _after(words, "--revision"), ANN),
        "retry": lambda task: c.retry(task, ANN, message=_after(words, "-m")),
        "rework": lambda task: c.rework(task, "", ANN, _after(words, "-m")),
        "reject": lambda task: c.reject(task, "", ANN, _after(words, "-m")),
        "waive": lambda task: steering.waive(task, words[1], revision(task), ANN, _after(words, "-m")),
        "answer": lambda task: steering.answer(task, _after(words, "--question"), words[1] == "allow", "", ANN),
        "limit": lambda task: steering.limit(task, _limits(words[1:]), ANN),
        "give": lambda task: steering.give(task, _after(words, "-m"), ANN, rework="--rework" in words),
    }
    if verb in LOOKS:
        return True
    try:
        return bool(asked[verb](task))
    except c.Refused:
        return False


def _after(words: list[str], option: str) -> str:
    return words[words.index(option) + 1] if option in words else ""


def _limits(words: list[str]) -> Limits:
    given: dict[str, object] = {}
    for word in words:
        name, _, value = word.partition("=")
        given[name] = seconds(value) if name in ("wall_clock", "stall") else float(value)
        given[name] = int(value) if name in ("attempts", "turns", "tokens") else given[name]
    return Limits(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SITUATIONS)
def test_why_names_what_moves_it_and_nothing_that_is_refused(name: str) -> None:
    state, task = SITUATIONS[name][0], told(name).task
    ways = commands(task, c.status(task))
    moving = [way for way in ways if shlex.split(way)[1] not in LOOKS]
    refused = [way for way in ways if not is_allowed(task, way)]
    assert refused == []
    if state == "LANDED":
        assert ways == ()
    elif name not in ("the branch may move", "being stopped"):  # these go on by themselves, and nothing else may
        assert moving, "somebody can move it"
    assert explain(task)[0].startswith(f"task 1 is {state}")
    assert all((way.startswith("foremanctl ") and " 1" in way) or shlex.split(way)[1] in LOOKS for way in ways)


@pytest.mark.parametrize("name", sorted(waiting("budget") - {"no money left today"}))
def test_the_limit_that_why_names_lets_it_go_on(name: str) -> None:
    play = told(name)
    (way,) = [way for way in commands(play.task, play.status) if " limit " in way]
    play >> steering.limit(play.task, _limits(shlex.split(way)[3:]), ANN)
    assert play.status.waiting_for == ""


def test_a_limit_above_the_floor_is_not_named() -> None:
    pipeline = line(stage("implement", "tests"), limits=Limits(attempts=1), floor=Floor(limits=Limits(attempts=1)))
    play = Playbook(pipeline, *attempt(1), ran("tests", tree(1), "fail"), ran("tests", BASE_TREE, on_base=True))
    play << "wait budget"
    ways = commands(play.task, play.status)
    assert not any(" limit " in way for way in ways)
    assert "foremanctl take 1" in ways


def test_every_command_that_is_named_exists() -> None:
    modules = {path.name.removesuffix(".py") for path in resources.files("foremanctl.commands").iterdir()}
    tasks = [told(name).task for name in SITUATIONS]
    named = {shlex.split(way)[1] for task in tasks for way in commands(task, c.status(task))}
    assert named - modules == set()


def test_every_verb_of_the_table_exists() -> None:
    modules = {path.name.removesuffix(".py") for path in resources.files("foremanctl.commands").iterdir()}
    assert {*VERBS, "waive"} - modules == set()
