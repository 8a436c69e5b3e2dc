"""Git that acts in the user's name: to sign, to fetch, to push. Nowhere else do programs of theirs run."""

import asyncio
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .run import PIECE, Argument, Git, Result
from .user import OWN_FILES

KEPT = ("GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_")
"""How the names of git's variables begin that say how to reach others, and not which repository to use."""


def acting(git_dir: Path, top: Path, config: Iterable[tuple[str, str]]) -> Git:
    """Git in a repository of ours with the user's programs, credentials and agents, as in their work tree `top`.

    `config` is the part that it needs of their `settings`. No hook runs, and nobody is asked at a terminal.
    """
    given = tuple(config)
    # Their own files are read too, and these keys are lists: begin anew, or every helper would be asked twice.
    lists = dict.fromkeys(key for key, _ in given if key.endswith((".helper", ".extraheader")))
    own: dict[str, str | None] = {name: os.environ.get(name) for name in OWN_FILES}
    return Git(
        git_dir=git_dir,
        cwd=top,
        config=(*((key, "") for key in lists), *given),
        env={**means(), **own, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": None},
    )


def means() -> dict[str, str]:
    """The daemon's own environment, agents of ssh and gpg included, without what would lead git elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(KEPT)}


async def told(git: Git, *args: Argument, seconds: float, input: bytes = b"") -> Result:  # noqa: A002
    """Run a git that waits for others. Raises TimeoutError; then it and what it started are gone.

    What it says goes to a file: an ssh that stays for the next connection would hold a pipe open.
    """
    with tempfile.TemporaryFile() as said:
        async with asyncio.timeout(seconds), git.process(*args, stderr=said) as process:
            out, _ = await process.communicate(input)
        said.seek(0)
        return Result(process.returncode if process.returncode is not None else -1, out, said.read(PIECE))
