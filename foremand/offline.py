"""What works without a daemon: schema, config, init and doctor. Each gives the exit code of its program."""

import asyncio
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from foremand.agents.registry import ADAPTERS, AgentMissing, version
from foremand.core.spec import Agent, Floor, Pipeline
from foremand.engine.intake import find_agent
from foremand.executors import Sandbox, Unsandboxed
from foremand.git import Git, GitError, GitFailed, RepositoryRefused, identity, inspect
from foremand.paths import Places, SocketTooLong
from foremand.pipeline import NoProposal, PipelineInvalid, load, propose
from foremand.pipeline import schema as pipeline_schema
from foremand.settings import SandboxMode, Settings, SettingsInvalid, read

OK, FAILED, USAGE, CONFLICT = 0, 1, 2, 5
FILE = Path(".foremand/pipeline.toml")
SHORTER = "set XDG_RUNTIME_DIR to a shorter path"


def say(text: str) -> None:
    """Data, on stdout."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def talk(text: str) -> None:
    """Talk, on stderr."""
    sys.stderr.write(f"foremand: {text}\n")


def complain(what: str, hint: str) -> None:
    """What is wrong, why (the further lines), and what to do, as foremanctl says it."""
    first, *why = what.splitlines()
    talk("\n".join([first, *(f"  {line.strip()}" for line in why), *([f"  what to do: {hint}"] if hint else [])]))


def as_json_text(data: Any) -> str:
    """Data as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def read_pipeline(path: Path, floor: Floor | None = None) -> Pipeline:
    """Load a pipeline file with the prompt files beside it, `floor` is the user's own.

    Raises OSError and PipelineInvalid.
    """

    def read_prompt(name: str) -> str | None:
        try:
            return (path.parent / name).read_text(errors="replace")
        except OSError:
            return None

    return load(path.read_text(errors="replace"), read_prompt, str(path), floor)


def pipeline_of(top: Path) -> Path:
    """The pipeline file of a repository: its own, else the user's for it; its own place where there is neither."""
    own = top / FILE
    try:
        users = Places.of_environment().own_pipeline(top)
    except SocketTooLong:
        return own
    return users if users.is_file() and not own.exists() else own


def schema() -> None:
    """Print the JSON Schema of pipeline files."""
    say(as_json_text(pipeline_schema()))


def config(flags: Mapping[str, Any], *, as_json: bool) -> int:
    """Print each setting with its origin. `flags` are those that the daemon would be started with."""
    try:
        folder = Places.of_environment().config
        found = read(folder, os.environ, flags).by_name
    except SettingsInvalid as error:
        complain(str(error), "correct it where it was set; the daemon does not start with it")
        return USAGE
    except SocketTooLong as error:
        complain(str(error), SHORTER)
        return USAGE
    if as_json:
        say(as_json_text({name: {"value": setting.value, "origin": setting.origin} for name, setting in found.items()}))
        return OK
    rows = [(*line, setting.origin) for name, setting in found.items() for line in _written(name, setting.value)]
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, value, origin in rows:
        say(f"{name:{wide[0]}}  {value:{wide[1]}}  {origin}")
    file = folder / "config.toml"
    if not file.exists():
        talk(f"there is no {file} yet: it is where settings go")
    return OK


def _written(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A setting as dotted names with their values, as config.toml would have them."""
    if isinstance(value, dict) and value:
        for below, each in value.items():
            yield from _written(f"{name}.{below}", each)
    else:
        yield name, "-" if value is None else json.dumps(value, ensure_ascii=False, default=str)


async def init(repo: Path, *, commit: bool, user: bool) -> int:
    """Write a pipeline that fits: into the repository, or among the settings. A file that is there is left alone."""
    if commit and user:
        complain("--commit or --user, not both\n--user writes among your own settings", "give one of them")
        return USAGE
    try:
        top = (await inspect(repo)).top
        path = Places.of_environment().own_pipeline(top) if user else top / FILE
    except RepositoryRefused as error:
        return _refuse(error)
    except SocketTooLong as error:
        complain(str(error), SHORTER)
        return USAGE
    if path.exists():
        check = f"foremanctl check {shlex.quote(str(path))}" if user else "foremanctl check"
        complain(f"{path} is there already and was left as it is", f"{check} tells what it does")
        return CONFLICT
    try:
        proposal = await asyncio.to_thread(propose, top, own=user)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(proposal.text, "utf-8")
    except NoProposal as error:
        complain(error.reason, error.hint)
        return USAGE
    except OSError as error:
        complain(f"{path} cannot be written\n{error.strerror}", f"make {path.parent} a folder that you may write")
        return FAILED
    say(str(path))
    for reason in proposal.left_out:
        talk(f"not judged by it: {reason}")
    if user:
        talk(_whose(top))
    elif commit:
        return await _commit(top)
    else:
        talk(f"wrote {FILE}; look at it, then: git add {FILE.parent} && git commit -m 'Add the foremand pipeline'")
    return OK


def _whose(top: Path) -> str:
    if (top / FILE).exists():
        return f"{top} has its own {FILE}, which goes before this one: name this one with --pipeline"
    return f"tasks on {top} follow it: it is found by its name, which stands for that path"


async def _commit(top: Path) -> int:
    """Commit the new file alone, as the user would: their hooks and their signing included."""
    for arguments in (["add", "--", str(FILE)], ["commit", "-q", "-m", "Add the foremand pipeline", "--", str(FILE)]):
        process = await asyncio.create_subprocess_exec("git", "-C", str(top), *arguments)
        if await process.wait() != 0:
            complain(f"git {arguments[0]} failed; {FILE} is written but not committed", "commit it yourself")
            return FAILED
    talk(f"committed {FILE}")
    return OK


async def doctor(repo: Path, *, as_json: bool) -> int:
    """Tell what foremand finds here. Exit 1 if something that every task needs is missing, 2 if a file is invalid."""
    findings = await examine(repo)
    if as_json:
        say(as_json_text(findings))
    else:
        for name, found in findings.items():
            mark = "ok" if found["ok"] else "--"
            say(f"{mark:3} {name:12} {found['says']}" + (f"\n    {'':12} {found['hint']}" if found.get("hint") else ""))
    if findings["repository"]["invalid"]:
        return USAGE
    return OK if all(found["ok"] or not found["needed"] for found in findings.values()) else FAILED


async def examine(repo: Path) -> dict[str, dict[str, Any]]:
    """What is found, by name: whether it is `ok`, whether it is `needed`, what it `says`, a `hint`."""
    try:
        settings, of_settings = _settings()
    except SocketTooLong as error:
        settings, of_settings = Settings(), _finding(ok=False, needed=True, says=str(error))
    found = await _sandbox(settings.sandbox)
    return {
        "git": await _git(),
        "settings": of_settings,
        "sandbox": found,
        "repository": await _repository(repo, settings.floor),
        "identity": await _identity(repo),
        **await _agents(repo, sandboxed=found["ok"]),
        "socket": _socket(),
        "state": await asyncio.to_thread(_disk),
    }


def _finding(*, ok: bool, says: str, hint: str = "", needed: bool = False, invalid: bool = False) -> dict[str, Any]:
    return {"ok": ok, "needed": needed, "invalid": invalid, "says": says, "hint": hint}


async def _git() -> dict[str, Any]:
    try:
        said = await Git(cwd=Path("/")).line("version")
    except (GitFailed, FileNotFoundError):
        return _finding(ok=False, needed=True, says="git is not found", hint="install git 2.39 or newer")
    numbers = tuple(int(part) for part in said.split()[2].split(".")[:2])
    return _finding(ok=numbers >= (2, 39), needed=True, says=said, hint="" if numbers >= (2, 39) else "2.39 is needed")


def _settings() -> tuple[Settings, dict[str, Any]]:
    """The settings in force, and what is found of them; the defaults where they cannot be read."""
    config = Places.of_environment().config
    try:
        settings = read(config, os.environ, {}).settings
    except SettingsInvalid as error:
        return Settings(), _finding(ok=False, needed=True, says=str(error), hint="the daemon does not start with these")
    there = config / "config.toml"
    return settings, _finding(ok=True, says=str(there) + ("" if there.exists() else " (not there: the defaults)"))


async def _sandbox(mode: SandboxMode) -> dict[str, Any]:
    if mode == "off":
        said = "switched off: nothing confines agents and gates"
        return _finding(ok=False, says=said, hint='set sandbox = "auto" in config.toml to have bubblewrap do it')
    found = await Sandbox.probe("auto")
    if isinstance(found, Unsandboxed):
        hint = "install bubblewrap to confine agents"
        return _finding(ok=False, needed=mode == "required", says=f"unsandboxed: {found.why}", hint=hint)
    return _finding(ok=True, says=f"bubblewrap confines agents and gates ({found.bwrap})")


async def _identity(repo: Path) -> dict[str, Any]:
    """Who lands work here, by git's configuration: the repository's, else the user's."""
    try:
        who = (await identity(repo)).author
    except GitError as error:
        return _finding(ok=False, needed=True, says=error.reason, hint=error.hint)
    return _finding(ok=True, says=f"{who.name} <{who.email}>")


async def _repository(repo: Path, floor: Floor) -> dict[str, Any]:
    try:
        info = await inspect(repo)
    except GitError as error:
        return _finding(ok=False, says=error.reason, hint=error.hint)
    path = pipeline_of(info.top)
    if not path.exists():
        return _finding(ok=False, says=f"{info.top} has no {FILE}", hint="foremanctl init")
    try:
        read_pipeline(path, floor)
    except PipelineInvalid as error:
        count = "1 error" if len(error.problems) == 1 else f"{len(error.problems)} errors"
        return _finding(ok=False, invalid=True, says=f"{path}: {count}", hint="foremanctl check")
    where = f"{info.top} on {info.branch or 'no branch'}"
    if path != info.top / FILE:
        return _finding(ok=True, says=f"{where}, your own {path} is valid")
    committed = await Git(cwd=info.top).result("cat-file", "-e", f"HEAD:{FILE}")
    if committed.code != 0:
        hint = f"git add {FILE.parent} && git commit -m 'Add the foremand pipeline'"
        return _finding(ok=False, says=f"{where}, {FILE} is valid but not committed", hint=hint)
    return _finding(ok=True, says=f"{where}, {FILE} is valid")


async def _agents(repo: Path, *, sandboxed: bool) -> dict[str, dict[str, Any]]:
    """The agents of the repository's pipeline; without one, the CLIs that foremand knows."""
    top = None
    try:
        top = (await inspect(repo)).top
        agents = tuple(read_pipeline(pipeline_of(top)).agents.values())
    except PipelineInvalid:
        return {}  # nobody knows which they are
    except (GitError, OSError):
        agents = tuple(Agent(name=name, adapter="claude") for name in ADAPTERS if name == "claude")
    findings = {}
    for agent in agents:
        try:
            program = find_agent(agent, os.environ.get("PATH", ""), top, sandboxed=sandboxed)
        except AgentMissing as missing:
            findings[f"agent {agent.name}"] = _finding(ok=False, says=missing.reason, hint=missing.hint)
            continue
        told = await version(agent, program)
        findings[f"agent {agent.name}"] = _finding(ok=True, says=f"{program}" + (f" ({told})" if told else ""))
    return findings


def _socket() -> dict[str, Any]:
    try:
        places = Places.of_environment()
    except SocketTooLong as error:
        return _finding(ok=False, needed=True, says=str(error))
    return _finding(ok=True, says=str(places.socket) + ("" if places.socket.exists() else " (no daemon)"))


def _disk() -> dict[str, Any]:
    try:
        state = Places.of_environment().state
    except SocketTooLong as error:
        return _finding(ok=False, says=str(error))
    if not state.exists():
        return _finding(ok=True, says=f"{state} (nothing there yet)")
    sizes = {child.name: _size(child) for child in state.iterdir()}
    largest = sorted(((name, size) for name, size in sizes.items() if size > 500_000), key=lambda pair: -pair[1])[:5]
    free = shutil.disk_usage(state).free
    parts = ", ".join(f"{name} {_megabytes(size)}" for name, size in largest)
    return _finding(ok=free > 1 << 30, says=f"{state}: {parts or 'next to nothing'}; {_megabytes(free)} free")


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_blocks * 512
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size > 1e9 else f"{size / 1e6:.0f} MB"


def _refuse(error: RepositoryRefused) -> int:
    complain(error.reason, error.hint)
    return USAGE
