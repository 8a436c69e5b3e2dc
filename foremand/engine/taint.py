"""Which revisions of a task a secrets gate has refused: they are never handed on, and are the first to be pruned.

What a later answer of the same gate lets pass (known secrets may be allowed), or a person waives, is not tainted.
"""

from collections.abc import Iterable

from msgspec import Struct

from foremand.core import facts as f
from foremand.core.spec import Gate
from foremand.core.task import Task
from foremand.git import GitError, WorkRepo
from foremand.git.prune import missing

from .conductor import StepFailed


class Taint(Struct, frozen=True):
    """`commits` hold a secret as far as is known; `revisions` are all that stand on one, or were made of one.

    `candidates` are the numbers of those that were made of tainted work.
    """

    commits: frozenset[str]
    revisions: frozenset[str]
    candidates: frozenset[int]


def taint(facts: Iterable[f.AnyFact]) -> Taint:
    """What is tainted of one task, after these facts, which must be all of its facts in order."""
    seen = _Seen()
    for fact in facts:
        seen.take(fact)
    return seen.sum()


async def check_kept(task: Task, work: WorkRepo, *revisions: str) -> None:
    """Raises StepFailed where one of these, on which the task wants to go on, is gone: pruned as tainted."""
    try:
        gone = await missing(work, revisions)
    except (GitError, OSError):
        return  # whoever needs them will hear it from git
    if gone:
        made = next((a for a in task.attempts if a.work is not None and a.work.revision in gone), None)
        whose = f", which {made.stage} made," if made is not None else ""
        stage = made.stage if made is not None else task.pipeline.stages[0].name
        raise StepFailed(
            f"revision {min(gone)[:12]}{whose} is kept no more: what a secrets gate has refused is pruned once the "
            f"task has ended. Have {stage} do it again: foremanctl retry {task.id} --stage {stage} --fresh"
        )


class _Seen:
    def __init__(self) -> None:
        self._works: dict[str, f.Work] = {}
        self._sources: dict[int, tuple[str, str]] = {}
        self._definitions: set[str] = set()
        self._clean: dict[tuple[str, str], set[str]] = {}
        self._dirty: dict[str, set[str]] = {}

    def take(self, fact: f.AnyFact) -> None:
        match fact:
            case f.TaskStarted() | f.Repinned():
                self._know(fact.pipeline.gates.values())
            case f.WorkSealed():
                self._works[fact.work.revision] = fact.work
            case f.CandidateBuilt():
                self._know(fact.gates)
                self._works[fact.work.revision] = fact.work
                self._sources[fact.number] = (fact.work.revision, fact.source)
            case f.CandidateConflicted():
                self._sources[fact.number] = (fact.files, fact.source)
            case f.VerdictGiven(verdict="pass") | f.Waived() if fact.definition in self._definitions:
                commits = self._commits(fact.revision)
                self._clean.setdefault((fact.gate, fact.definition), set()).update(commits)
                self._dirty.setdefault(fact.gate, set()).difference_update(commits)
            case f.VerdictGiven(verdict="fail") if fact.definition in self._definitions:
                clean = self._clean.get((fact.gate, fact.definition), set())
                self._dirty.setdefault(fact.gate, set()).update(self._commits(fact.revision) - clean)

    def _know(self, gates: Iterable[Gate]) -> None:
        self._definitions.update(gate.definition for gate in gates if gate.kind == "secrets" and not gate.advisory)

    def _commits(self, revision: str) -> set[str]:
        """What the gate was asked about with this revision."""
        work = self._works.get(revision)
        return set(work.commits) if work is not None and work.commits else {revision}

    def sum(self) -> Taint:
        commits = {commit for gate in self._dirty for commit in self._refused_by(gate)}
        standing = {each for each in self._works if not commits.isdisjoint({each, *self._commits(each)})}
        passed = set[str]().union(*self._clean.values())
        made = {n: built for n, (built, source) in self._sources.items() if source in standing and built not in passed}
        revisions = commits | standing | {*made.values()}
        return Taint(frozenset(commits), frozenset(revisions), frozenset(made))

    def _refused_by(self, gate: str) -> set[str]:
        """What the gate refused. A candidate is its source's change: the secret is in the seals it was made of."""
        dirty = self._dirty[gate]
        clean = set[str]().union(*(passed for (name, _), passed in self._clean.items() if name == gate))
        sources = (source for built, source in self._sources.values() if built in dirty)
        seals = {commit for source in sources for commit in self._commits(source)}
        return {each for each in dirty | (seals - clean) if not self._changes_nothing(each)}

    def _changes_nothing(self, seal: str) -> bool:
        """A plan's files are the base's: it is only refused along with what stands on it."""
        work = self._works.get(seal)
        return work is not None and work.tree == work.base_tree
