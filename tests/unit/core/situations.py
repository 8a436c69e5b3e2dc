"""Every situation in which a task can stand, by name: what is true of all of them is asked of each."""

from collections.abc import Callable
from copy import copy
from functools import cache

from playbook import (
    ANN,
    BASE_TREE,
    SIMPLE,
    TIP_TREE,
    Playbook,
    attempt,
    cancelled,
    candidate,
    conflicted,
    ended,
    human,
    intended,
    landed,
    line,
    protected,
    ran,
    refused,
    rev,
    review,
    reviewed,
    scanned,
    sealed,
    secrets,
    stage,
    started,
    tree,
    troubled,
    work,
)

from foremand.core import commands as c
from foremand.core import facts as f
from foremand.core import questions, steering
from foremand.core import steps as s
from foremand.core.spec import Floor, Limits, Pipeline
from foremand.core.task import Hold

MACHINES = line(stage("implement", "tests"))
ONCE = line(stage("implement", "tests", limit=0), on_conflict=0, on_fail=0)
OWNED = line(stage("implement", "tests", "owner"), gates=[human("owner")])
FLOORED = line(stage("implement", "tests", limit=0), floor=Floor(gates=("tests",), limits=Limits(attempts=1)))


def queue() -> Playbook:
    play = Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
    play.turn = False
    return play >> ran("tests", "tree-on-tip")


def landing() -> Playbook:
    return Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1)) >> ran("tests", "tree-on-tip")


def given_up(play: Playbook, *keys: str) -> Playbook:
    """These steps have failed for good."""
    for key in keys:
        for _ in range(3):
            play.later(10) >> troubled(key, "no space left")
    return play


def refused_by(pipeline: Pipeline = ONCE) -> Playbook:
    """The tests say no, and no try is left."""
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline)) >> ran("tests", tree(1), "fail", "2 failed")
    return play >> ran("tests", BASE_TREE, on_base=True)


def gate_error() -> Playbook:
    play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "error", "not found: pytest")
    play >> ran("tests", BASE_TREE, "error", on_base=True)
    for _ in range(2):
        play.later(10) >> ran("tests", tree(1), "error", "not found: pytest")
    return play


def review_error() -> Playbook:
    pipeline = line(stage("implement", "review"), gates=[review("review", "critic")])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline))
    return play >> reviewed(play.only(s.RunAttempt), "", "denied")


def under_review() -> Playbook:
    pipeline = line(stage("implement", "review"), gates=[review("review", "critic")])
    play = Playbook(pipeline, *attempt(1, pipeline=pipeline))
    return play >> reviewed(play.only(s.RunAttempt))[:1]


def at_landing() -> Playbook:
    play = Playbook(SIMPLE, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
    return play >> ran("tests", "tree-on-tip")


def used_up(**limits: object) -> Playbook:
    """A limit is reached, and there is more to do."""
    play = Playbook(line(stage("implement", "tests"), limits=Limits(**limits)))  # type: ignore[arg-type]
    usage = f.Usage(cost_usd=2.0, tokens=1000, turns=9)
    return play >> (started(1), ended(1, "failed", "exit 1", usage=usage, running=100.0), sealed(1))


def held(on: str, reason: str, **submit: object) -> Playbook:
    play = Playbook(None if on == "needs" else SIMPLE, **submit)
    play.hold = Hold(on=on, reason=reason)  # type: ignore[arg-type]
    return play.later(0)


def paused(*story: f.AnyFact) -> Playbook:
    play = Playbook(SIMPLE, *story)
    play >> steering.pause(play.task, ANN)
    return play if not story else play >> (ended(1, "stopped"), sealed(1))


def taken(*, ready: bool = True) -> Playbook:
    play = Playbook(SIMPLE, *attempt(1)) >> ran("tests", tree(1), "fail") >> ran("tests", BASE_TREE, on_base=True)
    play >> steering.take(play.task, ANN)
    return play >> f.HandedOver(task=1, at=0.0, path="/w/1/tree") if ready else play


def red_at_landing() -> Playbook:
    play = Playbook(ONCE, *attempt(1), ran("tests", tree(1)), candidate(1, of=1))
    return play >> ran("tests", "tree-on-tip", "fail") >> ran("tests", TIP_TREE, on_base=True)


def secret() -> Playbook:
    pipeline = line(stage("implement", "secrets", limit=0), gates=[secrets()])
    return Playbook(pipeline, *attempt(1, pipeline=pipeline)) >> scanned(work(1), "fail", "a key in a.py:3")


def guarded() -> Playbook:
    pipeline = line(stage("implement", "guard", limit=0), gates=[protected("guard", "infra/**")])
    return Playbook(pipeline, *attempt(1, pipeline=pipeline, changes={"guard": "x"}))


def asked() -> Playbook:
    return Playbook(OWNED, *attempt(1, pipeline=OWNED), ran("tests", tree(1)))


def question() -> Playbook:
    """An agent that must ask has asked."""
    text = "make install\n# really"
    return Playbook(SIMPLE, started(1)) >> f.QuestionAsked(
        task=1, at=0.0, number=1, key="q-1", tool="Bash", text=text, digest="d-1"
    )


def unanswered() -> Playbook:
    """Nobody has answered, and the agent was interrupted."""
    play = question().later(questions.PATIENCE)
    return play >> (ended(1, "stopped"), sealed(1))


def quota() -> Playbook:
    return Playbook(SIMPLE, started(1), ended(1, "quota", "limit reached", reset_at=9e6), sealed(1))


SITUATIONS: dict[str, tuple[str, str, Callable[[], Playbook]]] = {
    "not started": ("QUEUED", "", lambda: Playbook(None)),
    "no slot yet": ("QUEUED", "", lambda: Playbook(SIMPLE)),
    "an agent runs": ("RUNNING", "", lambda: Playbook(SIMPLE, started(1))),
    "to be sealed": ("RUNNING", "", lambda: Playbook(SIMPLE, started(1), ended(1))),
    "a gate runs": ("RUNNING", "", lambda: Playbook(SIMPLE, *attempt(1))),
    "a reviewer runs": ("RUNNING", "", under_review),
    "a step of ours failed once": ("RUNNING", "backoff", lambda: Playbook(SIMPLE) >> troubled("attempt:1")),
    "a person's gate": ("WAITING", "person", asked),
    "a person's gate at landing": ("WAITING", "person", at_landing),
    "already in": (
        "WAITING",
        "person",
        lambda: Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1, empty=True)),
    ),
    "stuck at a gate": ("WAITING", "stuck", refused_by),
    "stuck at a floor's gate": ("WAITING", "stuck", lambda: refused_by(FLOORED)),
    "stuck without a change": (
        "WAITING",
        "stuck",
        lambda: Playbook(ONCE, started(1), ended(1), sealed(1, changed=False, tree=BASE_TREE)),
    ),
    "stuck at a secret": ("WAITING", "stuck", secret),
    "stuck at a protected file": ("WAITING", "stuck", guarded),
    "stuck at landing": ("WAITING", "stuck", red_at_landing),
    "stuck in a conflict": (
        "WAITING",
        "stuck",
        lambda: Playbook(ONCE, *attempt(1), ran("tests", tree(1)), conflicted(1, of=1)),
    ),
    "a gate gave no answer": ("WAITING", "error", gate_error),
    "a reviewer gave no answer": ("WAITING", "error", review_error),
    "an agent was denied": ("WAITING", "error", lambda: Playbook(SIMPLE, started(1), ended(1, "denied"), sealed(1))),
    "it cannot start": ("WAITING", "trouble", lambda: given_up(Playbook(None), "start")),
    "no workspace": ("WAITING", "trouble", lambda: given_up(Playbook(SIMPLE), "attempt:1")),
    "no seal": ("WAITING", "trouble", lambda: given_up(Playbook(SIMPLE, started(1), ended(1)), "seal:1")),
    "no candidate": (
        "WAITING",
        "trouble",
        lambda: given_up(Playbook(MACHINES, *attempt(1), ran("tests", tree(1))), "candidate:1"),
    ),
    "no signature": (
        "WAITING",
        "trouble",
        lambda: (
            Playbook(MACHINES, *attempt(1), ran("tests", tree(1)), candidate(1, of=1, signs=True))
            >> ran("tests", "tree-on-tip")
            >> troubled("sign:1")
        ),
    ),
    "edits in the way": ("WAITING", "trouble", lambda: landing() >> intended(1) >> refused(1, "blocked")),
    "not handed over": ("WAITING", "trouble", lambda: given_up(taken(ready=False), "hand-over")),
    "half landed": ("WAITING", "trouble", lambda: given_up(landing() >> intended(1), "land:1")),
    "no attempts left": ("WAITING", "budget", lambda: used_up(attempts=1)),
    "no money left": ("WAITING", "budget", lambda: used_up(cost_usd=2.0)),
    "no tokens left": ("WAITING", "budget", lambda: used_up(tokens=500)),
    "no turns left": ("WAITING", "budget", lambda: used_up(turns=9)),
    "no time left": ("WAITING", "budget", lambda: used_up(wall_clock=60.0)),
    "no money left today": ("WAITING", "budget", lambda: held("budget", "the day's budget is spent")),
    "an account is parked": ("WAITING", "quota", quota),
    "after another": ("WAITING", "needs", lambda: held("needs", "comes after 7", after=(7,))),
    "after one that was rejected": ("WAITING", "needs", lambda: held("needs", "needs 7 (REJECTED)", after=(7,))),
    "paused before it ran": ("WAITING", "paused", paused),
    "paused as it ran": ("WAITING", "paused", lambda: paused(started(1))),
    "an agent asks": ("WAITING", "question", question),
    "an agent asked and was interrupted": ("WAITING", "question", unanswered),
    "taken": ("WAITING", "taken", taken),
    "being handed over": ("RUNNING", "", lambda: taken(ready=False)),
    "in the queue": ("LANDING", "queue", queue),
    "lands": ("LANDING", "queue", landing),
    "to be built": ("LANDING", "", lambda: Playbook(MACHINES, *attempt(1), ran("tests", tree(1)))),
    "the branch may move": ("LANDING", "", lambda: landing() >> intended(1)),
    "being stopped": ("RUNNING", "", lambda: Playbook(SIMPLE, started(1), cancelled())),
    "landed": ("LANDED", "", lambda: landing() >> intended(1) >> landed(1)),
    "failed": ("FAILED", "", lambda: Playbook(None) >> f.StartRefused(task=1, at=0.0, reason="no branch")),
    "rejected": ("REJECTED", "", lambda: _answered(c.reject)),
    "cancelled": ("CANCELLED", "", lambda: Playbook(SIMPLE, *attempt(1)) >> cancelled()),
    "cancelled before it began": ("CANCELLED", "", lambda: Playbook(None) >> cancelled()),
}
"""By name: the state, whom it waits for, and its story."""


@cache
def _facts(name: str) -> tuple[tuple[f.AnyFact, ...], Playbook]:
    play = SITUATIONS[name][2]()
    return tuple(play.facts), play


def told(name: str) -> Playbook:
    """The story of a situation, to be told on."""
    facts, play = _facts(name)
    again = copy(play)
    again.facts, again.recorded = list(facts), list(play.recorded)
    return again


def _answered(answer: Callable[..., tuple[f.AnyFact, ...]]) -> Playbook:
    play = asked()
    return play >> answer(play.task, rev(1), ANN, "not this way")
