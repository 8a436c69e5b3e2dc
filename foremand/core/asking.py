"""Asking the gates: machines first and all at once, then people (contract 4, order)."""

from . import facts as f
from . import feedback
from .spec import Gate, OnFail
from .steps import Record, RunGate, Step, Wait, WakeAt
from .task import Task, run_key
from .trying import BACKOFF, TRIES, later, own, refuse
from .verdicts import Standing, find, stand, weigh


def ask(task: Task, name: str, on_fail: OnFail, work: f.Work, now: float) -> tuple[Step, ...]:
    """Machine gates at once; when all have passed, people. Nothing once all are open."""
    standings = stand(task, name, work)
    machine = [s for s in standings if s.gate.kind != "human"]
    steps: list[Step] = []
    for standing in machine:
        if find(task, standing.gate, standing.about, work.revision) is None:
            steps += _ask_machine(task, standing, now)
    if steps:
        return _together(steps)
    failed = [s for s in machine if s.verdict == "fail"]
    if failed:
        return refuse(task, name, on_fail, feedback.of_gates(task, failed), now)
    broken = [s for s in machine if not s.open]
    if broken:
        return (Wait(on="error", reason=f"{broken[0].gate.name}: {broken[0].reason}", stage=name),)
    return ask_people(task, name, [s for s in standings if s.gate.kind == "human"], now)


def _together(steps: list[Step]) -> tuple[Step, ...]:
    """Steps of several gates as one answer: each thing to do once, and waiting only where nothing is to be done."""
    doing = tuple({step.key: step for step in steps if not isinstance(step, Wait)}.values())
    waits = sorted((step for step in steps if isinstance(step, Wait)), key=lambda wait: wait.on == "backoff")
    busy = any(not isinstance(step, WakeAt) for step in doing)
    return doing if busy else (*doing, *waits[:1])


def ask_people(task: Task, name: str, standings: list[Standing], now: float) -> tuple[Step, ...]:
    """Put the question to people, then wait for their answer. Nothing once all are open."""
    steps: list[Step] = []
    for standing in standings:
        if standing.verdict is None:
            fact = f.PersonAsked(
                task=task.id,
                at=now,
                gate=standing.gate.name,
                stage=name,
                definition=standing.gate.definition,
                about=standing.about,
                revision=standing.work.revision,
                message=standing.gate.message,
            )
            steps.append(Record(fact=fact))
    if steps:
        return tuple(steps)
    closed = [s for s in standings if not s.open]
    if not closed:
        return ()
    names = ", ".join(s.gate.name for s in closed)
    return (Wait(on="person", reason=f"approve {names}?", stage=name),)


def _ask_machine(task: Task, standing: Standing, now: float) -> tuple[Step, ...]:
    """What is missing for this gate's verdict: a run, a run on the base, a second try, or writing it down."""
    gate, work = standing.gate, standing.work
    if standing.verdict == "skipped":
        return (_verdict(task, standing, "skipped", standing.reason, now),)
    if work.filtered:
        files = ", ".join(work.filtered[:3])
        reason = f"stored by a filter driver (LFS, git-crypt), which is never run: {files}"
        return (_verdict(task, standing, "error", reason, now),)
    on_work = task.runs.get(run_key(gate.definition, work.tree))
    if on_work is None or on_work.result is None:
        return own(task, _run(task, gate, work.tree, work.revision), now)
    same = work.tree == work.base_tree
    on_base = task.runs.get(run_key(gate.definition, work.base_tree))
    finding = weigh(on_work, on_base, base=work.base, same_tree=same)
    if finding.needs_base:
        return own(task, _run(task, gate, work.base_tree, work.base, on_base=True), now)
    if finding.verdict == "error" and on_work.tries < TRIES:
        again = _run(task, gate, work.tree, work.revision)
        if again.key in task.trouble:
            return own(task, again, now)
        key = f"{run_key(gate.definition, work.tree)}#{on_work.tries}"
        return later(task, key, on_work.at + BACKOFF[on_work.tries - 1], now, again, f"{gate.name}: {finding.reason}")
    return (_verdict(task, standing, finding.verdict, finding.reason, now),)


def _run(task: Task, gate: Gate, tree: str, revision: str, *, on_base: bool = False) -> RunGate:
    number = 1 + task.asked.get(run_key(gate.definition, tree), 0)
    return RunGate(gate=gate, tree=tree, revision=revision, number=number, on_base=on_base)


def _verdict(task: Task, standing: Standing, verdict: f.Verdict | None, reason: str, now: float) -> Record:
    return Record(
        fact=f.VerdictGiven(
            task=task.id,
            at=now,
            gate=standing.gate.name,
            stage=standing.stage,
            definition=standing.gate.definition,
            about=standing.about,
            revision=standing.work.revision,
            verdict=verdict or "error",
            reason=reason,
        )
    )
