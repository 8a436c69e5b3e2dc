"""Asking gates: machines first and all at once, then reviewers, then people (contract 4, order)."""

from collections.abc import Callable
from functools import partial

from . import facts as f
from . import feedback
from .reviewing import ask_reviewers
from .spec import LAND, Gate, OnFail
from .steps import Record, RunGate, Step, Wait, WakeAt, World
from .task import Run, Task, run_key
from .trying import BACKOFF, TRIES, later, own, refuse
from .verdicts import MACHINES, Standing, commits_of, find, given, is_tainted, run_on, stand, was_waived, weigh

Look = Callable[[Task, Standing, float], tuple[Step, ...]]
"""What is missing for one gate's verdict."""


def ask(task: Task, world: World, name: str, on_fail: OnFail, work: f.Work, now: float) -> tuple[Step, ...]:
    """Machine gates at once; when all have passed, reviewers; then people. Nothing once all are open."""
    standings = stand(task, name, work)
    for kinds, look in ((MACHINES, _ask_machine), (frozenset({"review"}), partial(ask_reviewers, world))):
        steps = _ask_kind(task, name, on_fail, [s for s in standings if s.gate.kind in kinds], look, now)
        if steps:
            return steps
    return ask_people(task, name, [s for s in standings if s.gate.kind == "human"], now)


def _ask_kind(
    task: Task, name: str, on_fail: OnFail, asked: list[Standing], look: Look, now: float
) -> tuple[Step, ...]:
    """What gates of one kind still want. An advisory one is asked like any other, and then stops nothing."""
    steps: list[Step] = []
    for standing in asked:
        if find(task, standing.gate, standing.about, standing.work.revision) is None:
            wanted = look(task, standing, now)
            steps += _shrugged(task, standing, wanted, now) if standing.gate.advisory else wanted
    if steps:
        return _together(steps)
    failed = [s for s in asked if s.verdict == "fail" and not s.open]
    if failed:
        why = feedback.of_gates(task, failed)
        if name == LAND and all(was_waived(task, s.gate) for s in failed):
            reason = f"{failed[0].gate.name} was waived for another revision: {failed[0].reason}"
            return (Wait(on="stuck", reason=reason, stage=name, detail=why),)
        return refuse(task, name, on_fail, why, now, flatten=is_tainted(failed))
    broken = [s for s in asked if not s.open]
    if broken:
        return (Wait(on="error", reason=f"{broken[0].gate.name}: {broken[0].reason}", stage=name),)
    return ()


def _shrugged(task: Task, standing: Standing, wanted: tuple[Step, ...], now: float) -> tuple[Step, ...]:
    """Nobody is kept waiting by an advisory gate: where its answer hangs on a person or a quota, it has none."""
    wait = next((step for step in wanted if isinstance(step, Wait) and step.on != "backoff"), None)
    return wanted if wait is None else (Record(fact=given(task, standing, "error", wait.reason, now)),)


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
        return (Record(fact=given(task, standing, "skipped", standing.reason, now)),)
    if gate.kind == "protected":
        return (_protected(task, standing, now),)
    if work.filtered and gate.kind == "command":
        files = ", ".join(work.filtered[:3])
        reason = f"stored by a filter driver (LFS, git-crypt), which is never run: {files}"
        return (Record(fact=given(task, standing, "error", reason, now)),)
    on_work = task.runs.get(run_key(gate.definition, run_on(gate, work)))
    if on_work is None or on_work.result is None:
        return own(task, _run(task, gate, work), now)
    if on_work.result == "fail" and on_work.fails <= gate.flaky_retries:
        return own(task, _run(task, gate, work), now)
    if gate.kind == "secrets":
        return _said(task, standing, on_work, on_work.result, on_work.reason, now)
    same = work.tree == work.base_tree
    on_base = task.runs.get(run_key(gate.definition, work.base_tree))
    finding = weigh(on_work, on_base, base=work.base, same_tree=same)
    if finding.needs_base:
        return own(task, _run(task, gate, work, on_base=True), now)
    return _said(task, standing, on_work, finding.verdict, finding.reason, now)


def _said(
    task: Task, standing: Standing, run: Run, verdict: f.Verdict | None, reason: str, now: float
) -> tuple[Step, ...]:
    """The verdict is written down; an error is tried again first."""
    gate, work = standing.gate, standing.work
    tries = run.tries - run.fails
    if verdict == "error" and tries < TRIES:
        again = _run(task, gate, work)
        if again.key in task.trouble:
            return own(task, again, now)
        key = f"{run_key(gate.definition, run_on(gate, work))}#{run.tries}"
        due = run.at + BACKOFF[max(tries, 1) - 1]
        return later(task, key, due, now, again, f"{gate.name}: {reason}")
    if verdict == "pass" and run.fails:
        reason = f"{reason}; flaky: failed {run.fails} times before on the same tree"
    return (Record(fact=given(task, standing, verdict, reason, now)),)


def _run(task: Task, gate: Gate, work: f.Work, *, on_base: bool = False) -> RunGate:
    tree = work.base_tree if on_base else run_on(gate, work)
    return RunGate(
        gate=gate,
        tree=tree,
        revision=work.base if on_base else work.revision,
        number=1 + task.asked.get(run_key(gate.definition, tree), 0),
        on_base=on_base,
        commits=commits_of(work) if gate.kind == "secrets" else (),
    )


def _protected(task: Task, standing: Standing, now: float) -> Record:
    """The change touches what must not be touched, or not: nothing has to run for that."""
    name = standing.gate.name
    if name not in standing.work.changes:
        return Record(fact=given(task, standing, "pass", "the change touches none of its paths", now))
    files = standing.work.touched.get(name, ())
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return Record(fact=given(task, standing, "fail", f"must not be touched: {', '.join(files[:3])}{more}", now))
