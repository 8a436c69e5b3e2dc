"""How a task begins: which branch, which pipeline file, and both pinned at the moment it starts (contract 3.2.1)."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from foremand.agents.registry import AgentMissing, find
from foremand.core.commands import Refused
from foremand.core.facts import StartRefused, TaskStarted
from foremand.core.spec import Agent, Floor, Pipeline
from foremand.core.steering import Today
from foremand.core.task import Task
from foremand.git import GitError, Mirror, RepositoryInfo, RepositoryRefused, heads, identity, inspect
from foremand.paths import Places
from foremand.pipeline import PipelineInvalid, branch_complaints, load, nearest
from foremand.settings import Settings

from . import environments
from .caches import refused_caches
from .conductor import StepFailed
from .ledger import Ledger
from .repositories import Repositories
from .workplace import unseen

FOLDER = ".foremand"
FILE = f"{FOLDER}/pipeline.toml"

SHOW = 'move it out of /tmp and /run, into the repository for instance, or set sandbox = "off" in config.toml'
"""What to do about a file that the sandbox hides."""

REMEMBERED = 16
"""Targets that are not read again as long as their branches stand where they stood. Each holds a whole pipeline."""


class PipelineMissing(Exception):
    """There is no pipeline file for this branch."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Target(Struct, frozen=True, kw_only=True):
    """What a submit would work on."""

    info: RepositoryInfo
    into: str
    tip: str
    pipeline: Pipeline
    origin: str
    digest: str


class Intake:
    """Reads what a task needs to begin, once when it is submitted and again, for good, when it starts."""

    def __init__(
        self, places: Places, settings: Settings, ledger: Ledger, repositories: Repositories, *, sandboxed: bool
    ) -> None:
        self._places = places
        self._settings = settings
        self._ledger = ledger
        self._repositories = repositories
        self._sandboxed = sandboxed
        self._known: dict[tuple[Path, str, str | None], tuple[str, Target]] = {}

    async def look(self, path: Path, into: str, pipeline_file: str | None, client: Mapping[str, str]) -> Target:
        """Everything that a submit is checked against; looked up again only when the branches stand elsewhere.

        Raises RepositoryRefused, IdentityUnknown, PipelineMissing, PipelineInvalid or AgentMissing.
        """
        complaint = next(branch_complaints(into), None) if into else None
        if complaint is not None:
            raise RepositoryRefused(complaint, "git branch lists them; --into names one")
        key = (path, into, pipeline_file)
        known = self._known.get(key)
        if known is not None and known[0] == await heads(path, known[1].into):
            seen, target = known
        else:
            target = await self._look(path, into, pipeline_file)
            seen = await heads(path, target.into) or ""
        if target.tip in seen and target.origin.startswith(FILE):  # any other file may change by itself
            self._remember(key, seen, target)
        self._find_agents(target.pipeline, client, target.info.top)
        return target

    def _find_agents(self, pipeline: Pipeline, client: Mapping[str, str], repo: Path) -> None:
        for agent in agents_of(pipeline):
            find_agent(agent, client.get("PATH", ""), repo, sandboxed=self._sandboxed)

    def _remember(self, key: tuple[Path, str, str | None], seen: str, target: Target) -> None:
        self._known.pop(key, None)
        self._known[key] = (seen, target)
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]  # the one that was not asked for the longest

    async def _look(self, path: Path, into: str, pipeline_file: str | None) -> Target:
        info = await inspect(path, protected=(self._places.state, self._places.config))
        await identity(info.top)  # nothing could land without one
        mirror = self._repositories.mirror(info.top)
        await mirror.ensure()
        await mirror.fetch()
        branch = into or await self._branch(mirror, info, pipeline_file)
        tip = await mirror.tip(branch)
        pipeline, origin, digest = await self._read(mirror, tip, branch, pipeline_file)
        return Target(info=info, into=branch, tip=tip, pipeline=pipeline, origin=origin, digest=digest)

    async def start(self, task: Task) -> None:
        """Pin the base and the pipeline. What cannot be used ends the task; what is only away is tried again."""
        submitted = task.submitted
        mirror = self._repositories.mirror(Path(submitted.repo))
        try:
            await mirror.ensure()
            await mirror.fetch()
            tip = await mirror.tip(submitted.into)
            pipeline, origin, digest = await self._read(mirror, tip, submitted.into, submitted.pipeline_file)
            if pipeline.land.fetch:  # then the base, and with it the file, is the remote's
                tip = await mirror.fetch_remote(submitted.into)
                pipeline, origin, digest = await self._read(mirror, tip, submitted.into, submitted.pipeline_file)
            check_profile(pipeline, submitted.profile)
            self._find_agents(pipeline, environments.read(self._places.environment(task.id)), mirror.repo)
            work = self._repositories.work(task)
            work.path.parent.mkdir(parents=True, exist_ok=True)
            await work.ensure()
            tree = await work.tree_of(tip)
        except (PipelineInvalid, PipelineMissing, RepositoryRefused, Refused) as error:
            reason = f"cannot start: {error}"
            await self._ledger.record(StartRefused(task=task.id, at=self._ledger.now(), reason=reason))
            return
        except (AgentMissing, GitError, OSError) as error:
            raise StepFailed(str(error)) from error
        await self._ledger.record(
            TaskStarted(
                task=task.id,
                at=self._ledger.now(),
                base=tip,
                base_tree=tree,
                pipeline=pipeline,
                pipeline_hash=digest,
                origin=origin,
                sandboxed=self._sandboxed,
            )
        )

    async def today(self, task: Task) -> Today:
        """The pipeline file as it is now. Raises as `look` does."""
        submitted = task.submitted
        mirror = self._repositories.mirror(Path(submitted.repo))
        await mirror.fetch()
        tip = await (mirror.fetch_remote if task.pipeline.land.fetch else mirror.tip)(submitted.into)
        pipeline, origin, digest = await self._read(mirror, tip, submitted.into, submitted.pipeline_file)
        return Today(pipeline=pipeline, digest=digest, origin=origin)

    async def at_tip(self, task: Task, tip: str) -> Pipeline | None:
        """The tip's own pipeline; None where it has none that can be used: tasks then go on with theirs.

        Without the user's floor: the pinned pipeline holds that already, and a file that lacks it still counts.
        """
        mirror = self._repositories.mirror(Path(task.submitted.repo))
        stored = await mirror.read_file(tip, FILE)
        if stored is None:
            return None
        try:
            return load(stored.decode(errors="replace"), (await self._prompts(mirror, tip)).get, FILE)
        except PipelineInvalid:
            return None

    @property
    def _floor(self) -> Floor:
        return self._settings.floor

    async def _branch(self, mirror: Mirror, info: RepositoryInfo, pipeline_file: str | None) -> str:
        here = info.branch or info.origin_head
        if here is None:
            raise RepositoryRefused(f"{info.top} is on no branch", "name the branch to land on with --into")
        try:
            tip = await mirror.tip(here)
            pipeline, _, _ = await self._read(mirror, tip, here, pipeline_file)
        except (PipelineMissing, PipelineInvalid):
            return here  # said again, and better, when the file is read for good
        return pipeline.land.into or here

    async def _read(self, mirror: Mirror, tip: str, branch: str, given: str | None) -> tuple[Pipeline, str, str]:
        """The file that holds, its hash and where it is from: the given one, the tip's, or the user's own."""
        prompts = await self._prompts(mirror, tip)
        stored = given.encode() if given is not None else await mirror.read_file(tip, FILE)
        origin = "given with --pipeline" if given is not None else f"{FILE} at {branch} ({tip[:12]})"
        if stored is None:
            own = self._places.own_pipeline(mirror.repo)
            stored, prompts = await asyncio.to_thread(_beside, own)
            origin = str(own)
        if stored is None:
            raise _missing(mirror.repo, branch)
        text = stored.decode(errors="replace")
        pipeline = load(text, prompts.get, origin, self._floor)
        refused = refused_caches(pipeline.workspace.cache, self._settings.allow_cache)
        if refused:
            named = ", ".join(f'"{name}"' for name in refused)
            raise RepositoryRefused(
                f"[workspace] cache wants {named}, which you do not let tasks share",
                f"allow it in config.toml: allow_cache = [{named}]",
            )
        heirs = ", ".join(name for name, agent in pipeline.agents.items() if agent.inherit)
        if heirs and origin != str(self._places.own_pipeline(mirror.repo)) and not self._may_inherit(mirror.repo):
            raise RepositoryRefused(
                f"{heirs} would inherit your own instructions, MCP servers and skills, which you let no agent do here",
                f'allow it in config.toml: allow_inherit = ["{mirror.repo}"]',
            )
        digest = hashlib.sha256("\0".join([text, *(f"{k}\0{v}" for k, v in sorted(prompts.items()))]).encode())
        return pipeline, origin, digest.hexdigest()

    def _may_inherit(self, repo: Path) -> bool:
        allowed = (Path(name).expanduser().resolve() for name in self._settings.allow_inherit)
        return repo.resolve() in allowed

    async def _prompts(self, mirror: Mirror, tip: str) -> dict[str, str]:
        """The files beside the pipeline file, by their name from there."""
        prompts = {}
        for path in await mirror.list_files(tip, FOLDER):
            if path != FILE and (content := await mirror.read_file(tip, path)) is not None:
                prompts[path.removeprefix(f"{FOLDER}/")] = content.decode(errors="replace")
        return prompts


def check_profile(pipeline: Pipeline, profile: str) -> None:
    """Refuse a profile that the pipeline does not have."""
    if profile and profile not in pipeline.profiles:
        known = ", ".join(pipeline.profiles)
        meant = nearest(profile, pipeline.profiles)
        there = f"its profiles are {known}" if known else "submit without --profile: it has none"
        raise Refused("NO_SUCH_PROFILE", f"the pipeline has no profile {profile!r}{meant}", there)


def agents_of(pipeline: Pipeline) -> list[Agent]:
    """Every agent that works or reviews, by name."""
    reviewers = {name for gate in pipeline.gates.values() for name in gate.reviewers}
    workers = {name for stage in pipeline.stages for name in (stage.agent, *stage.others) if name}
    return [pipeline.agents[name] for name in sorted(workers | reviewers)]


def find_agent(agent: Agent, path: str, repo: Path | None, *, sandboxed: bool) -> Path:
    """Where the agent's program lies. Raises AgentMissing, also where the sandbox hides what its command names."""
    program = find(agent, path)
    hidden = unseen(agent.command, path, repo) if sandboxed and repo is not None and agent.command else None
    if hidden is not None:
        raise AgentMissing(
            agent.name, str(hidden), SHOW, "the sandbox hides it: agents have a /tmp and /run of their own"
        )
    return program


def _beside(file: Path) -> tuple[bytes | None, dict[str, str]]:
    """The user's own pipeline file, None where there is none, and the prompts in its folder by their names."""
    if not file.is_file():
        return None, {}
    prompts = {each.name: each.read_text(errors="replace") for each in file.parent.glob("*.md") if each.is_file()}
    return file.read_bytes(), prompts


def _missing(repo: Path, branch: str) -> PipelineMissing:
    if (repo / FILE).exists():
        return PipelineMissing(
            f"{FILE} exists but is not committed on {branch}",
            f"git add {FOLDER} && git commit -m 'Add the foremand pipeline', or name a file with --pipeline",
        )
    return PipelineMissing(
        f"{branch} of {repo} has no {FILE}",
        "foremanctl init writes one; or write it by hand, or name one with --pipeline",
    )
