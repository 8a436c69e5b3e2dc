"""Path rules: which changes a gate is asked about. A rule that silently matches nothing would open the gate."""

import pytest

from foremand.pipeline.paths import complaint, matches, touches

RULES = [
    (("api/",), ["api/a.py", "api/deep/a.py", "src/api/a.py"], ["api", "apis/a.py", "a.py"]),
    (("/api/",), ["api/a.py"], ["src/api/a.py"]),
    (("api/**",), ["api/a.py", "api/deep/a.py"], ["src/api/a.py"]),
    (("*.sql",), ["a.sql", "deep/a.sql"], ["a.sqlx"]),
    (("/*.toml",), ["a.toml"], ["deep/a.toml"]),
    (("**/migrations/*",), ["migrations/1", "a/b/migrations/1"], ["migrations.py"]),
    (("api/**", "!api/docs/**"), ["api/a.py"], ["api/docs/a.md"]),
    (("!api/docs/**", "api/**"), ["api/docs/a.md"], ["x"]),
    (("a[bc].py",), ["ab.py"], ["ad.py"]),
    (("\\#x",), ["#x"], ["x"]),
    (("two words/",), ["two words/a"], ["two/a"]),
    (("/.foremand",), [".foremand", ".foremand/x"], ["a/.foremand/x"]),
    (("*.py",), ["new\nline.py", "\udcff.py"], ["x.PY"]),
    ((), [], ["a"]),
]


@pytest.mark.parametrize(("patterns", "yes", "no"), RULES)
def test_matches(patterns, yes, no):
    assert [path for path in yes if not matches(patterns, path)] == []
    assert [path for path in no if matches(patterns, path)] == []


def test_a_gate_without_paths_applies_to_every_change():
    assert touches((), [])
    assert touches((), ["a"])


def test_a_gate_with_paths_applies_to_a_change_that_touches_one():
    assert touches(("api/",), ["README", "api/a.py"])
    assert not touches(("api/",), ["README"])
    assert not touches(("api/",), [])


@pytest.mark.parametrize("pattern", ["a", "a/", "/a", "**", "*.py", "!a", "\\!a", "a b", "[ab]"])
def test_sound_patterns(pattern):
    assert complaint(pattern) == ""


@pytest.mark.parametrize(
    "pattern", ["", " ", "!", "# a", "#", "./a", "!./a", "../a", "a/../b", " a", "a ", "a\0", "a\nb", "/", "[a", "a\\"]
)
def test_patterns_that_would_never_match(pattern):
    assert complaint(pattern)
