"""What an agent gets of the user's own Claude Code: copies, made anew for every attempt.

Its instructions (`CLAUDE.md`), its skills, and of `~/.claude.json` the MCP servers that hold everywhere; nothing else
of that file, which also holds whose account it is and what they did.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from foremand.agents.port import File

LARGEST = 32 * 2**20
"""Bytes that all of it may have. Instructions and skills are words and scripts; more is not meant."""


class _Settings(msgspec.Struct):
    servers: dict[str, msgspec.Raw] | None = msgspec.field(default=None, name="mcpServers")


def servers(config: Path) -> Path:
    """Where the agent reads which MCP servers there are. `config` is its own folder of settings."""
    return config / "inherited-mcp.json"


def copies(users: Path, config: Path) -> tuple[File, ...]:
    """All that is there of it in the home `users`. Raises OSError, also where it is too much."""
    found = [File(servers(config), _servers(users / ".claude.json"), read_only=True)]
    size = 0
    for path, name in _words(users / ".claude"):
        size += path.stat().st_size
        if size > LARGEST:
            raise OSError(f"inherit: {users / '.claude'} has more than {LARGEST >> 20} MiB of instructions and skills")
        found.append(File(config / name, path.read_bytes(), read_only=True))
    return tuple(found)


def _words(folder: Path) -> Iterator[tuple[Path, Path]]:
    """The files and their names. Skills are often links to folders that are kept elsewhere; what links out of such a
    folder is left out: skills are other people's too.
    """
    if (folder / "CLAUDE.md").is_file():
        yield folder / "CLAUDE.md", Path("CLAUDE.md")
    skills = folder / "skills"
    for skill in sorted(skills.iterdir()) if skills.is_dir() else ():
        within = skill.resolve()
        for path in sorted(skill.rglob("*")) if skill.is_dir() else ():
            if path.is_file() and path.resolve().is_relative_to(within):
                yield path, path.relative_to(folder)


def _servers(settings: Path) -> bytes:
    try:
        read = msgspec.json.decode(settings.read_bytes(), type=_Settings)
    except FileNotFoundError:
        read = _Settings()
    except msgspec.DecodeError as error:
        raise OSError(f"inherit: {settings} cannot be read: {error}") from error
    return msgspec.json.encode({"mcpServers": read.servers or {}})
