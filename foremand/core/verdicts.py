"""What a verdict is about, and how the answers at hand apply to the work at hand (contract 4).

A command gate's answer is about the tree it ran on, a secrets gate's about the commits that would land; a
person's and a reviewer's is about the change, or for a plan about the plan's revision. An answer is used for
nothing else: it is looked up by gate, definition and `about`, never by task or time.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from .facts import Verdict, VerdictGiven, Work
from .profiles import effective
from .spec import LAND, Gate, Pipeline
from .task import Answer, Run, Task, run_key

ALREADY_IN = Gate(
    name="foremand-already-in",
    kind="human",
    definition="already-in",
    message="the branch already holds this change: approve to end the task as landed",
)
"""Asked where the candidate equals the tip: only a person can say that nothing is left to do."""

MACHINES = frozenset({"command", "secrets", "protected"})
"""Kinds of gates that no money and nobody's attention is spent on."""

OPEN = frozenset({"pass", "skipped", "waived"})
"""The only verdicts that let work on; everything else is closed."""

Standing_ = Literal["pass", "fail", "error", "skipped", "waived", "waiting", "running"]


class Standing(Struct, frozen=True, kw_only=True):
    """How a gate stands to a revision. `verdict` None: not asked yet."""

    gate: Gate
    stage: str
    about: str
    work: Work
    verdict: Standing_ | None = None
    reason: str = ""

    flaky: bool = False

    @property
    def ran_on(self) -> str:
        """What a run of the gate is kept under here."""
        return run_on(self.gate, self.work)

    @property
    def open(self) -> bool:
        """Whether work may pass. An advisory gate must have answered, whatever it said."""
        return self.verdict in OPEN or (self.gate.advisory and self.verdict in ("fail", "error"))


def about(gate: Gate, work: Work, *, plan: bool) -> str:
    """What an answer of `gate` on `work` is about; `plan`: the work of a stage that only reads.

    That a gate does not apply is about the change, not the tree: on another base it may apply to the same tree.
    """
    if not applies(gate, work):
        return f"diff:{work.base_tree}..{work.tree}"
    if gate.kind == "protected":
        return f"diff:{work.base_tree}..{work.tree}"
    if gate.kind == "command":
        return f"tree:{work.tree}"
    if gate.kind == "secrets":
        return f"commits:{run_on(gate, work)}"
    if plan or gate.name not in work.changes:
        return f"revision:{work.revision}"
    return f"change:{work.changes[gate.name]}"


def run_on(gate: Gate, work: Work) -> str:
    """What a run of this gate is kept under: the tree, or for secrets the commits that would land."""
    if gate.kind != "secrets":
        return work.tree
    return hashlib.sha256("\n".join(commits_of(work)).encode()).hexdigest()


def commits_of(work: Work) -> tuple[str, ...]:
    """The commits that would land with this work: at least its own."""
    return work.commits or (work.revision,)


def applies(gate: Gate, work: Work) -> bool:
    """Whether the change touches what the gate is for. For `protected` its paths are what must not be touched."""
    return gate.kind == "protected" or not gate.paths or gate.name in work.changes


def stand(task: Task, stage: str, work: Work) -> tuple[Standing, ...]:
    """Every gate that the work must answer at `stage` (or at landing), and how it stands."""
    plan = stage != LAND and judges_plan(task.pipeline, stage)
    gates = gates_at(task.pipeline, stage)
    if stage == LAND and task.candidate is not None:
        gates = (*gates, *task.candidate.gates)
    return tuple(standing(task, stage, gate, work, plan=plan) for gate in gates)


def gates_at(pipeline: Pipeline, stage: str) -> tuple[Gate, ...]:
    """The gates of a stage. At landing those of every stage but for what is about a plan, its own, and the floor's."""
    if stage != LAND:
        return pipeline.gates_of(stage)
    gates: dict[str, Gate] = {}
    for each in pipeline.stages:
        for gate in pipeline.gates_of(each.name):
            if gate.scope != "stage" and (gate.kind in MACHINES or not judges_plan(pipeline, each.name)):
                gates[gate.name] = gate
    for name in (*pipeline.floor.gates, *pipeline.land.gates):
        gates.pop(name, None)
        gates[name] = pipeline.gates[name]
    return tuple(gates.values())


def judges_plan(pipeline: Pipeline, stage: str) -> bool:
    """Whether what is judged at a stage is a plan: what somebody left there before anything was written.

    After that it is the change, also where the last one only read: it is what lands, and may land as another one.
    """
    done = [each for each in pipeline.stages[: pipeline.index(stage) + 1] if each.agent]
    return bool(done) and not any(each.writes for each in done)


def tips_own(pipeline: Pipeline, tip: Pipeline, profiles: Sequence[str], where: str) -> tuple[Gate, ...]:
    """What the tip's own file asks at landing and the pinned one does not; `where` tells its gates from ours.

    Of `profiles`, the task's and those to which the tip's file raises the change, those hold that this file has; where
    it has none of them, its default. What its floor asks is asked of its floor.
    """
    known = [name for name in profiles if not name or name in tip.profiles]
    known = known if any(known) else [*known, tip.default_profile]
    ours = {_question(gate, gate.name in pipeline.floor.gates) for gate in gates_at(pipeline, LAND)}
    theirs = [(gate, gate.name in tip.floor.gates) for gate in gates_at(effective(tip, known), LAND)]
    return tuple(
        replace(gate, name=f"{gate.name}@{where}", floor=floor)
        for gate, floor in theirs
        if not {_question(gate, floor), _question(gate, True)} & ours
    )


def _question(gate: Gate, floor: bool) -> tuple[object, ...]:
    """What makes two gates one: what they decide by and how strictly; of people it is asked by its name, too."""
    return gate.definition, gate.advisory, floor, gate.name if gate.kind == "human" else ""


def standing(task: Task, stage: str, gate: Gate, work: Work, *, plan: bool = False) -> Standing:
    """How one gate stands to the work."""
    subject = about(gate, work, plan=plan)
    answer = find(task, gate, subject, work.revision)
    verdict: Standing_ | None = None
    reason, flaky = "", False
    if not applies(gate, work):
        verdict, reason = "skipped", "the change touches none of its paths"
    elif answer is not None:
        verdict, reason = answer.verdict, answer.reason
    if gate.kind in ("command", "secrets"):
        run = task.runs.get(run_key(gate.definition, run_on(gate, work)))
        flaky = run is not None and run.result == "pass" and run.fails > 0
        if verdict is None and run is not None and run.result is None:
            verdict = "running"
    under_review = task.reviews(gate.name, gate.definition, subject) if gate.kind == "review" else ()
    if verdict is None and any(attempt.outcome is None for attempt in under_review):
        verdict = "running"
    return Standing(gate=gate, stage=stage, about=subject, work=work, verdict=verdict, reason=reason, flaky=flaky)


def given(task: Task, standing: Standing, verdict: Verdict | None, reason: str, now: float) -> VerdictGiven:
    """The gate's answer, as the fact to write down. What is no clear answer is an error."""
    return VerdictGiven(
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


def find(task: Task, gate: Gate, subject: str, revision: str) -> Answer | None:
    """The answer of this gate, by this definition, about this subject; a waiver counts on its own revision alone,
    and not where a floor has come to ask the gate.

    The candidate that is just this revision on a tip which changes nothing of what the gate judges counts as it.
    """
    asked = [a for a in reversed(task.answers) if (a.gate, a.definition) == (gate.name, gate.definition)]
    bound = is_of_floor(task, gate)
    waived = (a for a in asked if a.verdict == "waived" and not bound and _lands_as(task, gate, a.revision, revision))
    said = (a for a in asked if a.verdict != "waived" and a.about == subject)
    return next(waived, None) or next(said, None)


def _lands_as(task: Task, gate: Gate, revision: str, landing: str) -> bool:
    """Whether what is landing is this revision, with the same change; for what looks at whole trees, on its base."""
    made = task.candidate.work if task.candidate is not None else None
    source = task.work_before(LAND) if made is not None else None
    if revision == landing or made is None or source is None or made.revision != landing:
        return revision == landing
    if task.candidate is None or not task.candidate.source == source.revision == revision:
        return False
    if gate.kind in ("protected", "review"):
        return made.changes.get(gate.name) == source.changes.get(gate.name)
    return (made.base_tree, made.tree) == (source.base_tree, source.tree)


def was_waived(task: Task, gate: Gate) -> bool:
    """Whether a person has let this gate pass on another revision than what lands: it is theirs to say again."""
    return any((a.gate, a.definition, a.verdict) == (gate.name, gate.definition, "waived") for a in task.answers)


def is_waivable(task: Task, standing: Standing) -> bool:
    """Whether a person may let this gate pass: it refused or gave no answer, and no floor holds it."""
    asked = standing.gate.kind != "human" and not standing.open
    return asked and standing.verdict in ("fail", "error") and not is_of_floor(task, standing.gate)


def is_of_floor(task: Task, gate: Gate) -> bool:
    """Whether a floor asks this gate: the pinned pipeline's, or that of the tip's own file."""
    return gate.floor or gate.name in task.pipeline.floor.gates


def is_tainted(standings: Sequence[Standing]) -> bool:
    """Whether what was sealed holds a secret: no later commit takes that back, so none of it may land as it is."""
    return any(s.gate.kind == "secrets" and s.verdict == "fail" and not s.open for s in standings)


class Finding(Struct, frozen=True, kw_only=True):
    """What runs of a command gate amount to. `needs_base`: not to be said before it ran on the base too."""

    verdict: Literal["pass", "fail", "error"] | None = None
    reason: str = ""
    needs_base: bool = False


def weigh(on_work: Run, on_base: Run | None, *, base: str, same_tree: bool) -> Finding:
    """The verdict on a tree from the gate's run on it and, unless it passed, from its run on the base.

    An `error` is the work's `fail` where the base gives an answer (an endless loop, a crash of the tests); where the
    base gives none either, it is nobody's answer. A `fail` stays one, whatever the base says. `same_tree`: the work
    is the base, there is nothing to compare with.
    """
    if on_work.result == "pass":
        return Finding(verdict="pass", reason=on_work.reason)
    if same_tree:
        red = f"; already red on BASE {base[:12]}" if on_work.result == "fail" else ""
        return Finding(verdict=on_work.result, reason=f"{on_work.reason}{red}")
    if on_base is None or on_base.result is None:
        return Finding(needs_base=True)
    if on_base.result == "pass":
        return Finding(verdict="fail", reason=on_work.reason)
    if on_base.result == "error" and on_work.result == "error":
        return Finding(verdict="error", reason=f"{on_work.reason}; the same on the base")
    if on_base.result == "fail":
        return Finding(verdict="fail", reason=f"{on_work.reason}; already red on BASE {base[:12]}")
    return Finding(verdict="fail", reason=on_work.reason)
