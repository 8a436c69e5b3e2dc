"""Path rules: which changes a gate is asked about. A rule that silently matches nothing would open the gate."""

import pytest

from foremand.pipeline.paths import complaint


@pytest.mark.parametrize("pattern", ["a", "a/", "/a", "**", "*.py", "!a", "\\!a", "a b", "[ab]"])
def test_sound_patterns(pattern):
    assert complaint(pattern) == ""


@pytest.mark.parametrize(
    "pattern", ["", " ", "!", "# a", "#", "./a", "!./a", "../a", "a/../b", " a", "a ", "a\0", "a\nb", "/", "[a", "a\\"]
)
def test_patterns_that_would_never_match(pattern):
    assert complaint(pattern)
