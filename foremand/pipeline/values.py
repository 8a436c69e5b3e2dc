"""The kinds of values that a pipeline file holds: what each looks like, and why one of the right type may not do.

Each is an annotation that three readers share: `decode` converts and checks by it, `schema` describes it to
editors, and the type checker sees plain str, float and tuple. Patterns stand in the JSON Schema alone and are
checked here by hand: msgspec 0.22 crashes the interpreter on a pattern inside a union with a tuple.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any

from msgspec import Meta, Struct

from foremand.core import durations
from foremand.pipeline import paths
from foremand.pipeline.problems import shown

Check = Callable[[Any], Iterator[str]]

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_NAME = re.compile(NAME)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELL = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1"})
_NOT_IN_A_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[./-]|[./]$|\.lock(/|$)|^@$")


class Hint(Struct, frozen=True):
    """What to tell a person about a value.

    `expects` ends the sentence "expected ..."; `check` yields why a value of the right type will not do;
    `later` are values of the contract that this version does not do; `missing` is said where a required value is
    not there; `instead` stands in for a value that is wrong, where the default would mean something else.
    """

    expects: str = ""
    check: Check | None = None
    later: tuple[str, ...] = ()
    missing: str = ""
    instead: str | None = None


def argv(command: str | tuple[str, ...]) -> tuple[str, ...]:
    """The words of a checked command line that no shell will see."""
    return tuple(shlex.split(command)) if isinstance(command, str) else command


def normal(path: str) -> str:
    """A checked path without `./`, doubled or trailing slashes, so that `./.venv/` and `.venv` are one."""
    return str(PurePosixPath(path))


def name_complaints(name: str) -> Iterator[str]:
    """Why a name of a stage, gate or agent will not do."""
    if not _NAME.fullmatch(name):
        yield "a name has letters, digits, _ and -, begins with a letter or digit, and has at most 64 of them"


def _text(value: str) -> Iterator[str]:
    if "\0" in value:
        yield "must not hold a NUL byte"


def _line(value: str) -> Iterator[str]:
    if not value.strip():
        yield "must not be empty"
    yield from _text(value)


def _duration(value: str) -> Iterator[str]:
    if not re.fullmatch(durations.PATTERN, value):
        yield f'expected a duration such as "90s", "45m" or "2h", got {shown(value)}'


def _command(value: str | tuple[str, ...]) -> Iterator[str]:
    words = (value,) if isinstance(value, str) else value
    if not words or not words[0].strip():
        yield "must not be empty"
    if any("\0" in word for word in words):
        yield "must not hold a NUL byte"


def _program(value: str | tuple[str, ...]) -> Iterator[str]:
    yield from _command(value)
    try:
        words = argv(value)
    except ValueError as unbalanced:
        yield f"cannot be split into words: {str(unbalanced).lower()}"
        return
    if isinstance(value, str) and _SHELL.intersection(words):
        yield 'no shell reads this: write ["bash", "-c", "..."] to have one'


def path_complaints(value: str) -> Iterator[str]:
    parts = PurePosixPath(value).parts
    if "\0" in value:
        yield f"{shown(value)} must not hold a NUL byte"
    elif not parts:
        yield f"{shown(value)} names no file or folder"
    elif value.startswith("/"):
        yield f"{shown(value)} must be relative"
    elif ".." in parts:
        yield f"{shown(value)} must not lead out with .."
    elif any(part.lower() == ".git" for part in parts):
        yield f"{shown(value)} lies in git's own folder"


def _glob(value: str) -> Iterator[str]:
    why = paths.complaint(value)
    if why:
        yield f"{shown(value)} {why}"


def _globs(values: tuple[str, ...]) -> Iterator[str]:
    for value in values:
        yield from _glob(value)
    if not values:
        yield "is empty and would never match: leave it out for every change"
    elif all(value.startswith("!") for value in values):
        yield "can never match: every pattern begins with !"


def _env_name(value: str) -> Iterator[str]:
    if not _ENV_NAME.fullmatch(value):
        yield f"{shown(value)} is not a variable's name (names only: the values come from where you submit)"
    elif value.startswith("FOREMAND_"):
        yield f"{shown(value)} is foremand's own"


def branch_complaints(value: str) -> Iterator[str]:
    """Why a text will not do as the name of a branch."""
    if not value or _NOT_IN_A_BRANCH.search(value):
        yield f"{shown(value)} is not a branch's name"
    elif value.startswith("refs/"):
        yield f"{shown(value)}: name the branch alone, without refs/heads/"


def _each(check: Check) -> Check:
    def every(values: tuple[str, ...]) -> Iterator[str]:
        for value in values:
            yield from check(value)

    return every


def _unique(values: tuple[str, ...]) -> Iterator[str]:
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield f"{shown(value)} is named twice"


def _agents(value: str | tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, tuple):
        yield from _some(value)


def _some(values: tuple[str, ...]) -> Iterator[str]:
    if not values:
        yield "is empty: name at least one"
    yield from _unique(values)


def _fingerprints(values: tuple[str, ...]) -> Iterator[str]:
    yield from _each(_line)(values)
    yield from _unique(values)


def _cache(value: str) -> Iterator[str]:
    if not value.startswith("~/"):
        yield f"{shown(value)} must be a folder below your home, such as ~/.cache/pip"
    else:
        yield from path_complaints(value.removeprefix("~/"))


def _some_paths(values: tuple[str, ...]) -> Iterator[str]:
    if not values:
        yield "is empty: leave it out for the whole tree"
    yield from _each(path_complaints)(values)


def _pattern(pattern: str) -> Meta:
    return Meta(extra_json_schema={"pattern": f"^{pattern}$"})


Text = Annotated[str, Hint("text", _text)]
Line = Annotated[str, Hint("text", _line)]
Name = Annotated[str, _pattern(NAME), Hint("a name", name_complaints)]
Reference = Annotated[str, Hint("a name")]
Branch = Annotated[str, Hint("the name of a branch", branch_complaints)]
Duration = Annotated[str, _pattern(durations.PATTERN), Hint('a duration such as "90s", "45m" or "2h"', _duration)]
Dollars = Annotated[float, Meta(gt=0, le=1_000_000), Hint("US dollars, a number above 0")]
Count = Annotated[int, Meta(ge=1, le=1_000_000), Hint("a whole number from 1 to 1000000")]
Attempts = Annotated[int, Meta(ge=1, le=1_000), Hint("a whole number from 1 to 1000")]
Times = Annotated[int, Meta(ge=0, le=100), Hint("a whole number from 0 to 100")]
Retries = Annotated[int, Meta(ge=0, le=10), Hint("a whole number from 0 to 10")]
Tokens = Annotated[int, Meta(ge=1, le=10_000_000_000), Hint("a number of tokens, whole and above 0")]
Truth = Annotated[bool, Hint("true or false")]
Path = Annotated[str, Hint("a path", path_complaints)]
PathList = Annotated[tuple[str, ...], Hint("a list of paths", _each(path_complaints))]
SomePaths = Annotated[tuple[str, ...], Meta(extra_json_schema={"minItems": 1}), Hint("a list of paths", _some_paths)]
Globs = Annotated[tuple[str, ...], Hint("a list of path patterns", _globs)]
References = Annotated[tuple[str, ...], Hint("a list of names", _unique)]
SomeReferences = Annotated[tuple[str, ...], Meta(extra_json_schema={"minItems": 1}), Hint("a list of names", _some)]
Agents = Annotated[str | tuple[str, ...], Hint("the name of an agent, or a list of them", _agents, instead="")]
Fingerprints = Annotated[tuple[str, ...], Hint("a list of fingerprints", _fingerprints)]
Caches = Annotated[tuple[str, ...], Hint('a list of folders such as "~/.cache/pip"', _each(_cache))]
EnvNames = Annotated[tuple[str, ...], Hint("a list of variables' names", _each(_env_name))]
Words = Annotated[tuple[str, ...], Hint("a list of texts", _each(_text))]
ShellCommand = Annotated[str | tuple[str, ...], Hint("a command: text for a shell, or a list of words", _command)]
Program = Annotated[str | tuple[str, ...], Hint("a command: text, or a list of words", _program)]
