"""An estate: a real journal, real repositories and the facts of tasks, without a daemon that goes on with them."""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from foremand.core import facts as f
from foremand.core.spec import Pipeline
from foremand.core.task import Task
from foremand.engine.ledger import Ledger
from foremand.engine.repositories import Repositories
from foremand.git import WorkRepo
from foremand.git.work import commit
from foremand.journal import Journal
from foremand.paths import Places
from foremand.pipeline import load

sys.path.insert(0, str(Path(__file__).parent))  # for what tests of landing share

PIPELINE = """
version = 1

[agent.hand]
adapter = "command"
command = ["true"]

[gate.tests]
kind = "command"
run = "true"

[gate.secret]
kind = "secrets"

[[stage]]
name = "implement"
agent = "hand"
gates = ["tests", "secret"]
"""


class Estate:
    """What a daemon keeps. The clock stands still: `now` is the time of every fact."""

    def __init__(self, root: Path, journal: Journal, group: asyncio.TaskGroup) -> None:
        self.places = places_of(root)
        self.now = float(int(time.time()))
        self.journal = journal
        self.ledger = Ledger(journal, group, lambda: self.now)
        self.repositories = Repositories(self.places)
        self.repo = root / "project"

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """What git says, by default in the user's repository."""
        who = {
            f"GIT_{role}_{what}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", **who}
        command = ["git", "-c", "protocol.file.allow=always", *args]
        done = subprocess.run(command, cwd=cwd or self.repo, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {args}: {done.stderr}"
        return done.stdout.strip()

    async def begin(self, number: int, pipeline: Pipeline | None = None, **submitted: object) -> Task:
        """A task that has started."""
        if not self.repo.exists():
            self.repo.mkdir()
            self.git("init", "-q", "-b", "main", "--template=")
            (self.repo / "poem.txt").write_text("one\ntwo\nthree\nfour\nfive\nsix\nseven\n")
            self.git("add", "-A")
            self.git("commit", "-q", "-m", "begin")
        pipeline = pipeline or load(PIPELINE, {}.get, "here")
        values = {"title": f"task {number}", "prompt": "do it", "repo": str(self.repo), "into": "main", **submitted}
        task = await self.ledger.submit(f.TaskSubmitted(task=number, at=self.now, **values))  # type: ignore[arg-type]
        mirror, work = self.repositories.mirror(self.repo), self.repositories.work(task)
        await mirror.ensure()
        await mirror.fetch()
        work.path.parent.mkdir(parents=True, exist_ok=True)
        await work.ensure()
        base = await mirror.tip(task.submitted.into)
        await self.say(
            f.TaskStarted(
                task=number,
                at=self.now,
                base=base,
                base_tree=await work.tree_of(base),
                pipeline=pipeline,
                pipeline_hash="h",
                origin="here",
                sandboxed=False,
            )
        )
        return self.ledger[number]

    async def say(self, *facts: f.AnyFact) -> None:
        """Write facts down, one after the other."""
        for fact in facts:
            await self.ledger.record(fact)

    async def seal(
        self, number: int, files: dict[str, str], *, on: str = "", base: str = "", sealed: bool = True
    ) -> str:
        """An attempt of the task that made these files of those of `on` (the base); its revision."""
        task = self.ledger[number]
        work, attempt, base = self.repositories.work(task), len(task.attempts) + 1, base or task.base
        entered = on or base
        at = {"task": number, "at": self.now, "number": attempt}
        await self.say(
            f.AttemptStarted(**at, stage="implement", agent="hand", entered=entered, session_id="s"),
            f.AttemptEnded(**at, outcome="done", reason="done", output="done"),
        )
        if not sealed:
            return ""
        revision = await self.commit(work, files, entered, f"attempt {attempt}")
        await work.keep(work.attempt_ref(attempt), revision)
        line = self.git("rev-list", f"{base}..{revision}", cwd=work.path).split()
        described = await self.describe(work, base, revision, line)
        await self.say(f.WorkSealed(**at, work=described, changed=True))
        return revision

    async def describe(self, work: WorkRepo, base: str, revision: str, commits: Sequence[str]) -> f.Work:
        """What gates may be asked about it."""
        return f.Work(
            revision=revision,
            tree=await work.tree_of(revision),
            base=base,
            base_tree=await work.tree_of(base),
            changes={"tests": revision, "secret": revision},
            files=1,
            commits=tuple(reversed(commits)),
        )

    async def commit(self, work: WorkRepo, files: dict[str, str], parent: str, message: str) -> str:
        """A commit in the task's repository: the parent's files, and these."""
        index = {"GIT_INDEX_FILE": str(work.path / "scratch" / "test-index")}
        run = lambda *args, text="": subprocess.run(  # noqa: E731
            ["git", *args],
            cwd=work.path,
            env={**os.environ, **index},
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        run("read-tree", parent)
        for name, text in files.items():
            blob = run("hash-object", "-w", "--stdin", text=text)
            run("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
        return await commit(work, run("write-tree"), parent, message, self.now)

    async def judge(self, number: int, revision: str, gate: str, verdict: str) -> None:
        """A machine gate's answer at the stage, or at landing where the revision is the candidate's."""
        task = self.ledger[number]
        candidate = task.candidate.work if task.candidate is not None else None
        works = [a.work for a in task.attempts if a.work is not None]
        work = next(work for work in (*works, candidate) if work is not None and work.revision == revision)
        commits = hashlib.sha256("\n".join(work.commits).encode()).hexdigest()
        about = f"tree:{work.tree}" if gate == "tests" else f"commits:{commits}"
        fact = f.VerdictGiven(
            task=number,
            at=self.now,
            gate=gate,
            stage="land" if work is candidate else "implement",
            definition=task.pipeline.gates[gate].definition,
            about=about,
            revision=revision,
            verdict=verdict,  # type: ignore[arg-type]
            reason="as the test says",
        )
        await self.say(fact)

    async def build(self, number: int, source: str) -> str:
        """A candidate made of a revision; its commit."""
        task = self.ledger[number]
        work = self.repositories.work(task)
        tip = self.git("rev-parse", task.submitted.into)
        made = await commit(work, await work.tree_of(source), tip, f"land {number}", self.now)
        await work.keep(work.candidate_ref(task.candidates + 1), made)
        described = await self.describe(work, tip, made, [made])
        fact = f.CandidateBuilt(
            task=number, at=self.now, number=task.candidates + 1, source=source, tip=tip, work=described
        )
        await self.say(fact)
        return made

    async def land(self, number: int, source: str) -> str:
        """The task as it ends when all goes well."""
        for gate in ("tests", "secret"):
            await self.judge(number, source, gate, "pass")
        made = await self.build(number, source)
        for gate in ("tests", "secret"):
            await self.judge(number, made, gate, "pass")
        task = self.ledger[number]
        self.git("fetch", "-q", str(self.places.work(number)), f"{self.repositories.work(task).candidate_ref(1)}")
        self.git("merge", "-q", "--ff-only", made)
        await self.say(f.Landed(task=number, at=self.now, commit=made))
        return made

    async def end(self, number: int, state: str = "FAILED") -> None:
        """The task as it ends otherwise."""
        fact = f.TaskEnded(task=number, at=self.now, state=state, reason="as the test says")  # type: ignore[arg-type]
        await self.say(fact)

    def lay(self, path: Path, text: str = "something\n") -> Path:
        """A file of the daemon's, with the folders that it needs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def refs(self, number: int) -> list[str]:
        """What a task's repository holds."""
        names = self.git("for-each-ref", "--format=%(refname)", cwd=self.places.work(number)).split()
        return [name.removeprefix(f"refs/foremand/{number}/") for name in names]

    def has(self, number: int, thing: str) -> bool:
        """Whether an object is in a task's repository, or one that it borrows from."""
        command = ["git", "cat-file", "-e", thing]
        return not subprocess.run(command, cwd=self.places.work(number), capture_output=True, check=False).returncode


def places_of(root: Path) -> Places:
    """The folders of a daemon below `root`."""
    return Places(state=root / "state", runtime=root / "run", config=root / "config", socket=root / "run" / "socket")


MakeEstate = Callable[[], AbstractAsyncContextManager[Estate]]


@pytest.fixture
def home(shared_house: Any) -> Any:
    """The module's one daemon; a module that cares how many work at once has a fixture of its own."""
    if shared_house.daemon is None:
        shared_house.start("--max-agents", "4", "--max-gates", "3")
    return shared_house


@pytest.fixture
def an_estate(tmp_path: Path) -> MakeEstate:
    """`async with an_estate() as estate`: again, it is the same one after a restart."""

    @asynccontextmanager
    async def make() -> AsyncIterator[Estate]:
        places = places_of(tmp_path)
        places.state.mkdir(exist_ok=True)
        async with Journal.open(places.journal) as journal, asyncio.TaskGroup() as group:
            estate = Estate(tmp_path, journal, group)
            await asyncio.to_thread(estate.ledger.load)
            yield estate

    return make
