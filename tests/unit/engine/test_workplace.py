"""What of the places that the sandbox hides is shown all the same, because programs live there."""

import os
from pathlib import Path

import pytest

from foremand.engine import workplace


@pytest.fixture
def hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the sandbox hides, with a program and a script in a folder of it."""
    root = tmp_path.resolve() / "hidden"
    monkeypatch.setattr(workplace, "HIDDEN_ROOTS", (root,))
    for name in ("agents/agent.sh", "agents/script.py", "agent.sh"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("#!/bin/sh\n")
        (root / name).chmod(0o755)
    return root


def test_a_programs_folder_is_shown(hidden: Path) -> None:
    repo = Path("/home/ann/shop")
    assert workplace._programs("", str(hidden / "agents/agent.sh"), repo) == (hidden / "agents",)


@pytest.mark.parametrize("repo", ["agents", "agents/shop"], ids=["in the repository", "around the repository"])
def test_a_folder_around_the_repository_is_not_shown_but_the_program_is(hidden: Path, repo: str) -> None:
    shown = workplace._programs("", str(hidden / "agents/agent.sh"), hidden / repo)
    assert shown == (() if repo == "agents" else (hidden / "agents/agent.sh",))


def test_a_program_that_lies_bare_in_what_is_hidden_is_shown_alone(hidden: Path) -> None:
    assert workplace._programs("", str(hidden / "agent.sh"), Path("/home/ann/shop")) == (hidden / "agent.sh",)


def test_a_script_for_an_interpreter_is_unseen_unless_it_lies_where_programs_do(hidden: Path) -> None:
    repo, script = Path("/home/ann/shop"), hidden / "agents/script.py"
    assert workplace.unseen(("sh", str(script)), os.defpath, repo) == script
    assert workplace.unseen(("sh", str(script)), f"{os.defpath}:{hidden}/agents", repo) is None
    assert workplace.unseen(("sh", str(script)), os.defpath, hidden / "agents") is None
    assert workplace.unseen(("sh", "-c", str(hidden / "not there")), os.defpath, repo) is None
