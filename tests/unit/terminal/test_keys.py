"""The keys: each does one thing, and every screen explains all of its own."""

import pytest

from foremanctl.terminal.keys import EVERYWHERE, FLOOR, QUESTION, TASK, Binding, action_of, explained
from foremanctl.terminal.verbs import VERBS


@pytest.mark.parametrize("screen", [FLOOR, TASK], ids=["floor", "task"])
def test_a_key_does_one_thing(screen: tuple[Binding, ...]) -> None:
    keys = [key for binding in (*screen, *EVERYWHERE) for key in binding.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("screen", [FLOOR, TASK], ids=["floor", "task"])
def test_the_verbs_are_everywhere(screen: tuple[Binding, ...]) -> None:
    assert VERBS.keys() <= {binding.action for binding in screen}


def test_keys_are_found_and_said() -> None:
    assert action_of("down", FLOOR) == action_of("j", FLOOR) == "down"
    assert action_of("c-c", EVERYWHERE) == "detach"
    assert action_of("f5", FLOOR) is None
    assert ("q Ctrl-C", "detach; nothing is stopped") in explained(EVERYWHERE)


def test_what_a_screen_binds_itself_is_explained_once() -> None:
    assert action_of("n", (*QUESTION, *EVERYWHERE)) == "deny"
    keys = [key for keys, _ in explained((*QUESTION, *EVERYWHERE)) for key in keys.split()]
    assert len(keys) == len(set(keys))
    assert ("q Ctrl-C", "detach; nothing is stopped") in explained((*QUESTION, *EVERYWHERE))
