"""Copies of the user's own Claude Code set-up: what is among them, and what never is."""

import json
from pathlib import Path

import pytest

from foremand.agents import claude_inherit
from foremand.agents.claude_inherit import copies, servers

CONFIG = Path("/agent/.claude")


def found(home):
    files = copies(home, CONFIG)
    assert all(file.read_only for file in files)
    return {str(file.path.relative_to(CONFIG)): file.data for file in files}


def test_nothing_there_is_no_servers(tmp_path):
    assert found(tmp_path) == {servers(CONFIG).name: b'{"mcpServers":{}}'}


def test_only_words_skills_and_servers(tmp_path):
    own = tmp_path / ".claude"
    (own / "skills" / "bake" / "more").mkdir(parents=True)
    (own / "skills" / "bake" / "more" / "x.py").write_text("x")
    (own / "skills" / "note.txt").write_text("no skill")
    (own / "CLAUDE.md").write_text("rules")
    (own / ".credentials.json").write_text("secret")
    (own / "settings.json").write_text("{}")
    everything = {"mcpServers": {"a": {"command": "b"}}, "oauthAccount": {}, "projects": {"/x": {"mcpServers": {}}}}
    (tmp_path / ".claude.json").write_text(json.dumps(everything))
    copied = found(tmp_path)
    assert json.loads(copied.pop(servers(CONFIG).name)) == {"mcpServers": {"a": {"command": "b"}}}
    assert copied == {"CLAUDE.md": b"rules", "skills/bake/more/x.py": b"x"}


def test_what_links_out_of_a_skill_stays_where_it_is(tmp_path):
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id").write_text("key")
    skill = tmp_path / "elsewhere" / "bake"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("flour")
    (skill / "again.md").symlink_to("SKILL.md")
    (skill / "ref").symlink_to(tmp_path / ".ssh" / "id")
    (skill / "folder").symlink_to(tmp_path / ".ssh")
    (tmp_path / ".claude" / "skills").mkdir(parents=True)
    (tmp_path / ".claude" / "skills" / "bake").symlink_to(skill)
    assert found(tmp_path).keys() == {servers(CONFIG).name, "skills/bake/SKILL.md", "skills/bake/again.md"}


def test_no_servers_are_none(tmp_path):
    (tmp_path / ".claude.json").write_text('{"mcpServers": null}')
    assert found(tmp_path) == {servers(CONFIG).name: b'{"mcpServers":{}}'}


def test_settings_that_are_broken_are_said_to_be(tmp_path):
    (tmp_path / ".claude.json").write_text("{")
    with pytest.raises(OSError, match=r"inherit: .*cannot be read"):
        copies(tmp_path, CONFIG)


def test_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(claude_inherit, "LARGEST", 10)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "CLAUDE.md").write_text("x" * 10)
    assert "CLAUDE.md" in found(tmp_path)
    (tmp_path / ".claude" / "CLAUDE.md").write_text("x" * 11)
    with pytest.raises(OSError, match=r"inherit: .* has more than"):
        copies(tmp_path, CONFIG)
