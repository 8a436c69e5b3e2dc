"""Telling the user, by a command of theirs or a POST to their URLs: once, for so long, and never the worse for it."""

import asyncio
import http.client
import os
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from foremand.children import child
from foremand.executors import TOKEN, end_marked
from foremand.settings import Notify
from foremand.waiting import together

SENT = "sent"
"""The outcome of a message that went out."""

COMMAND_SECONDS = 30.0
"""Seconds after which a command is ended with all that it started."""

POST_SECONDS = 10.0
"""Seconds that a server has at each step of a POST; it has half as many again for all of them."""

_LONGEST = 16_000
"""Characters of one variable: the system refuses to start a program with far longer ones."""


async def tell(notify: Notify, message: bytes, about: Mapping[str, str]) -> str:
    """Give `message`, a JSON object, to the user's command or URLs, and the command `about` as further variables.

    Returns SENT, or what went wrong: of an address its host alone, since the rest is often a secret. Cancelled, it
    ends the command.
    """
    if notify.command:
        return await _run(notify.command, message, about)
    async with together() as group:
        posts = [group.create_task(_post(url, message)) for url in notify.urls]
    return "; ".join(post.result() for post in posts if post.result() != SENT) or SENT


async def _run(argv: tuple[str, ...], message: bytes, about: Mapping[str, str]) -> str:
    token = uuid.uuid4().hex
    told = {name: value.replace("\0", "")[:_LONGEST] for name, value in about.items()}
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as said:
        stdin.write(message)
        stdin.seek(0)
        code = None
        try:
            async with (
                child(
                    *_words(argv),
                    stdin=stdin,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=said,
                    cwd="/",
                    env={**os.environ, **told, TOKEN: token},
                ) as process,
                asyncio.timeout(COMMAND_SECONDS),
            ):
                code = await process.wait()
        except TimeoutError:
            return f"failed: it was still running after {COMMAND_SECONDS:g} s"
        except OSError as error:
            return f"failed: {argv[0]}: {error.strerror}"
        finally:
            if code is None:
                await asyncio.to_thread(end_marked, token)
        return SENT if code == 0 else f"failed: exit {code}{_last_line(said)}"


def _words(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command with `~` in its program's path as a shell would have it."""
    return (str(Path(argv[0]).expanduser()), *argv[1:])


def _last_line(said: IO[bytes]) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - 500))
    lines = said.read().decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {last}" if last else ""


async def _post(url: str, message: bytes) -> str:
    try:
        async with asyncio.timeout(1.5 * POST_SECONDS):
            why = await asyncio.to_thread(_send, url, message)
    except TimeoutError:
        why = "no answer"
    return SENT if not why else f"failed: {urlsplit(url).hostname}: {why}"


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: what it leads to would get no POST, and is not what the user named."""

    def redirect_request(self, *_: Any) -> None:
        """Nowhere: the answer is the error that it is."""


def _send(url: str, message: bytes) -> str:
    """POST it; why that failed, empty where it did not."""
    headers = {"Content-Type": "application/json", "User-Agent": "foremand"}
    request = urllib.request.Request(url, message, headers)  # noqa: S310 (settings take http and https alone)
    try:
        with urllib.request.build_opener(_Nowhere).open(request, timeout=POST_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except TimeoutError:
        return "no answer"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return type(error).__name__  # the text may hold the whole address
