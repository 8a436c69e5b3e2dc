"""Comments, strings, numbers and keywords of a line of code.

By one expression that takes no more than a line's length, since whoever wrote the line may wish us ill: a real lexer's
may take minutes. A line is looked at alone: a string over many lines is not seen as one.
"""

import re
from functools import cache

from .paint import CYAN, DIM, YELLOW, Fragment

MAGENTA = "ansimagenta"

_HASH = "#"
_SLASH = r"//|/\*"
_DASH = "--"
_COMMENTS = {
    _HASH: "py pyi sh bash zsh fish rb toml yaml yml pl r tf cmake mk nix jl ex exs conf cfg ini dockerfile makefile",
    _SLASH: "js jsx ts tsx mjs cjs c h cc cpp hpp cs java go rs swift kt kts scala php css scss less dart proto zig",
    _DASH: "sql lua hs elm",
}
_KIND = {name: comment for comment, names in _COMMENTS.items() for name in names.split()}
_WORDS = """
    abstract and as assert async await begin bool break case catch char class const continue crate debugger def
    default defer del do done double elif else elsif end enum esac except export extends extern false fi final
    finally float fn for foreach from func function global go goto if impl implements import in include inline int
    interface internal is lambda let local long loop macro match mod module mut namespace new nil none nonlocal not
    null or override package pass private protected pub public raise readonly ref require return select self
    sealed short signed sizeof static struct super switch template then this throw throws trait true try type typedef
    typeof union unless unsafe unsigned until use using val var virtual void volatile when where while with yield
    None True False
"""
_KEYWORDS = frozenset(_WORDS.split())


@cache
def _tokens(comment: str) -> "re.Pattern[str]":
    return re.compile(
        rf"(?P<comment>(?:{comment}).*)"
        # One that is not closed goes on to the end: to look for its end in vain would take the square of the length.
        r"|(?P<string>\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.){0,80}'|`[^`]*`?)"
        r"|(?P<number>\b\d[\w.]*)"
        r"|(?P<word>[^\W\d]\w*)",
    )


def colors(path: str, code: str, base: str) -> list[Fragment]:
    """A line of a file, in colours; what has none of its own has the style `base`."""
    comment = _kind(path)
    if not comment:
        return [(base, code)]
    line: list[Fragment] = []
    done = 0
    for token in _tokens(comment).finditer(code):
        style = _style(token)
        if style is None:
            continue
        line += [(base, code[done : token.start()]), (style, token[0])]
        done = token.end()
    return [fragment for fragment in (*line, (base, code[done:])) if fragment[1]]


def _style(token: "re.Match[str]") -> str | None:
    match token.lastgroup:
        case "comment":
            return DIM
        case "string":
            return YELLOW
        case "number":
            return MAGENTA
        case _:
            return CYAN if token[0] in _KEYWORDS else None


def _kind(path: str) -> str:
    name = path.rpartition("/")[2].lower()
    return _KIND.get(name.rpartition(".")[2], "")
