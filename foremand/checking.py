"""`check`: is a pipeline file right, what will it do, and what would it do with a change? Works without a daemon."""

import os
from pathlib import Path
from typing import Any

from foremand.agents.registry import AgentMissing, find
from foremand.core.spec import Floor, Pipeline
from foremand.engine.intake import agents_of
from foremand.executors import Sandbox, Unsandboxed
from foremand.git import Git, GitError, GitFailed, Mirror, RepositoryInfo, RepositoryRefused, WorkRepo, inspect
from foremand.git.diff import changed_paths, touched
from foremand.offline import FILE, OK, USAGE, as_json_text, complain, pipeline_of, read_pipeline, say
from foremand.paths import Places, SocketTooLong
from foremand.pipeline import PipelineInvalid, explain, nearest, report, touching
from foremand.settings import Settings, SettingsInvalid, read


class _Refused(Exception):
    """`check` cannot answer: what is wrong, and what to do."""

    def __init__(self, what: str, hint: str = "foremanctl check --help") -> None:
        super().__init__(what)
        self.hint = hint


async def check(file: Path | None, repo: Path, *, profile: str = "", change: str = "", as_json: bool) -> int:
    """Check a pipeline file; without `file` the repository's own, as it lies in the work tree.

    With `profile` its course is that of a submit with this profile. With `change`, as A..B, it is told instead what
    would be asked of that change of the repository, and why.
    """
    try:
        settings = _settings()
        info = await _repository(repo, needed=file is None or bool(change))
        pipeline = _read(file or _own(info), settings.floor)
        _known(pipeline, profile)
        if change:
            assert info is not None  # noqa: S101 (a change needs a repository)
            told = await _follow(pipeline, profile, info, change)
            say(as_json_text({"valid": True, **told[0]}) if as_json else told[1])
            return OK
    except PipelineInvalid as error:
        if as_json:
            problems = [{"table": p.table, "key": p.key, "message": p.message} for p in error.problems]
            say(as_json_text({"valid": False, "problems": problems}))
        else:
            complain(str(error), "correct it, then: foremanctl check")
        return USAGE
    except _Refused as error:
        complain(str(error), error.hint)
        return USAGE
    files = await _files(info) if info is not None else None
    missing = await _missing(pipeline, info)
    sandboxed = settings.sandbox != "off" and not isinstance(await Sandbox.probe("auto"), Unsandboxed)
    if as_json:
        say(as_json_text({"valid": True, **report(pipeline, profile, files, sandboxed=sandboxed, missing=missing)}))
    else:
        say(explain(pipeline, profile, files, sandboxed=sandboxed, missing=missing))
    return OK


def _settings() -> Settings:
    try:
        return read(Places.of_environment().config, os.environ, {}).settings
    except (SettingsInvalid, SocketTooLong) as error:
        raise _Refused(str(error), "correct it where it was set; foremanctl config shows all settings") from error


async def _repository(repo: Path, *, needed: bool) -> RepositoryInfo | None:
    try:
        return await inspect(repo)
    except RepositoryRefused as error:
        if needed:
            raise _Refused(error.reason, error.hint) from error
        return None


async def _missing(pipeline: Pipeline, info: RepositoryInfo | None) -> tuple[str, ...]:
    """What the pipeline names and is not here now: agents' programs, and the branch to land on."""
    found = []
    for agent in agents_of(pipeline):
        try:
            find(agent, os.environ.get("PATH", ""))
        except AgentMissing as missing:
            found.append(f"{missing.reason}: {missing.hint}")
    into = pipeline.land.into
    if info is not None and into:
        there = await Git(cwd=info.top).result("rev-parse", "--verify", "-q", f"refs/heads/{into}^{{commit}}")
        if there.code != 0:
            found.append(f'[land] into: this repository has no branch "{into}"')
    return tuple(found)


def _own(info: RepositoryInfo | None) -> Path:
    return pipeline_of(info.top) if info is not None else FILE


def _read(path: Path, floor: Floor) -> Pipeline:
    try:
        return read_pipeline(path, floor)
    except OSError as error:
        raise _Refused(f"{path}: {error.strerror}", "foremanctl init writes one that fits the repository") from error


def _known(pipeline: Pipeline, profile: str) -> None:
    if profile and profile not in pipeline.profiles:
        there = f"there are {', '.join(pipeline.profiles)}" if pipeline.profiles else "this pipeline has none"
        raise _Refused(f'no profile is called "{profile}"{nearest(profile, pipeline.profiles)} ({there})')


async def _files(info: RepositoryInfo) -> tuple[str, ...]:
    """The repository's files, as they are tracked in the work tree."""
    listed = await Git(cwd=info.top).run("ls-files", "-z", "--full-name")
    return tuple(name.decode(errors="backslashreplace") for name in listed.split(b"\0") if name)


async def _follow(pipeline: Pipeline, profile: str, info: RepositoryInfo, change: str) -> tuple[dict[str, Any], str]:
    """What the pipeline does with a change: as data, and in words."""
    base, revision = await _ends(info, change)
    # The change is looked at by the rules of a task's, in the user's repository, of which only objects are read.
    here = WorkRepo(info.git_common_dir, Mirror(info.git_common_dir, info.top), task=0)
    try:
        files = tuple(sorted(await changed_paths(here, base, revision)))
        rules = touching.rules_of(pipeline)
        matched = {globs: await touched(here, base, revision, globs) for globs in rules}
    except GitError as error:
        raise _Refused(error.reason) from error
    course = touching.follow(pipeline, profile, files, matched)
    return {"base": base, "revision": revision, **touching.as_data(course)}, touching.in_words(course)


async def _ends(info: RepositoryInfo, change: str) -> tuple[str, str]:
    """The commits that A..B, or A...B from where both began, are about. A missing end is HEAD."""
    base, dots, revision = change.partition("..")
    if not dots:
        raise _Refused(f"--diff {change}: name two commits, such as main..HEAD")
    git = Git(cwd=info.top)
    since_both = revision.startswith(".")
    ends = [await _commit(git, name or "HEAD") for name in (base, revision.removeprefix("."))]
    if since_both:
        try:
            ends[0] = await git.line("merge-base", *ends)
        except GitFailed as error:
            raise _Refused(f"--diff {change}: the two have no common beginning") from error
    return ends[0], ends[1]


async def _commit(git: Git, name: str) -> str:
    found = await git.result("rev-parse", "--verify", "-q", "--end-of-options", f"{name}^{{commit}}")
    if found.code != 0:
        raise _Refused(f"--diff: there is no commit {name} in this repository")
    return found.out.decode().strip()
