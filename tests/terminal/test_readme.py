"""The README shows what is really there."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for screens, which is a program of its own too

import screens


def test_the_readme_s_screens_are_those_of_the_terminal(house: Any, tmux: Any) -> None:
    taken = screens.taken(house, tmux)
    if any("unsandboxed" in text for text in taken.values()):
        pytest.skip("the README's screens were taken with bubblewrap")
    readme = screens.README.read_text()
    assert readme == screens.written(readme, taken), "python tests/terminal/screens.py writes them anew"


def test_a_readme_without_their_places_is_refused() -> None:
    with pytest.raises(AssertionError, match="no place for the screen floor"):
        screens.written("nothing", {"floor": "x"})
    with pytest.raises(AssertionError, match="has no end"):
        screens.written("<!-- screen: floor -->\n", {"floor": "x"})
    found = screens.written("a\n<!-- screen: floor -->\nold\n<!-- end of the screen -->\nb\n", {"floor": "new"})
    assert found == "a\n<!-- screen: floor -->\n```text\nnew\n```\n<!-- end of the screen -->\nb\n"
