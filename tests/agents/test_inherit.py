"""What is the user's own comes along where the pipeline says so, as copies; and a price of one's own is counted."""

import json
import sys

import pytest
from fleet import Fleet
from model_script import Text, Tool

PIPELINE = """
{agent}
[gate.made]
kind = "command"
run = "ls made.txt"

[[stage]]
name = "implement"
agent = "claude"
gates = ["made"]
"""
RULE = "Never use the word marzipan."
SKILL = "---\nname: bake-bread\ndescription: how bread is baked in this house\n---\nFlour first.\n"
SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    tool = {"name": "weigh", "description": "weighs", "inputSchema": {"type": "object", "properties": {}}}
    version = asked.get("params", {}).get("protocolVersion", "2025-06-18")
    result = {
        "initialize": {"protocolVersion": version, "capabilities": {"tools": {}},
                       "serverInfo": {"name": "scales", "version": "1"}},
        "tools/list": {"tools": [tool]},
        "tools/call": {"content": [{"type": "text", "text": "seven pounds"}]},
    }.get(asked["method"], {})
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


@pytest.fixture
def fleet(house, model, claude_cli):
    fleet = Fleet(house, model, claude_cli)
    yield fleet
    fleet.close()


@pytest.fixture
def users(house):
    """The user's own Claude Code, with a skill that is kept elsewhere."""
    own = house.root / "home" / ".claude"
    elsewhere = house.root / "dotfiles" / "bake-bread"
    elsewhere.mkdir(parents=True)
    (elsewhere / "SKILL.md").write_text(SKILL)
    (own / "skills").mkdir(parents=True)
    (own / "skills" / "bake-bread").symlink_to(elsewhere)
    (own / "CLAUDE.md").write_text(RULE)
    (own / "settings.json").write_text(json.dumps({"hooks": {"Stop": "what only the user runs"}}))
    scales = {"command": sys.executable, "args": [str(house.script("scales", SERVER))]}
    whose = {"oauthAccount": {"emailAddress": "mona@example.com"}, "mcpServers": {"scales": scales}}
    (house.root / "home" / ".claude.json").write_text(json.dumps(whose))
    return own


def steps(number):
    """It weighs, where it can, and makes its file."""
    make = Tool("Bash", {"command": "touch made.txt", "description": "d"})
    return [*([Tool("mcp__scales__weigh", {})] if number else []), make, Text("done")]


def work(fleet, house, model, name, agent, first):
    repo = fleet.repo(PIPELINE.format(agent=agent))
    task = fleet.submit(repo, name, steps(first))
    detail = fleet.wait(task, "LANDED")
    return detail, [request.text for request in model.requests(name)]


def allow(house, *repositories):
    settings = house.root / "config" / "foremand"
    settings.mkdir(exist_ok=True)
    (settings / "config.toml").write_text(f"allow_inherit = {json.dumps(repositories)}\n")


def test_no_repository_takes_it_by_itself(fleet, house, users):
    allow(house, str(house.root / "another"))
    house.start()
    repo = fleet.repo(PIPELINE.format(agent="inherit = true"))
    said = house.ctl("submit", "x", "-C", str(repo.path))
    assert said.returncode == 2, said.stderr
    assert "claude would inherit your own" in said.stderr
    assert f'allow_inherit = ["{repo.path}"]' in said.stderr


def test_instructions_skills_and_servers_come_along_where_it_is_said(fleet, house, model, users):
    allow(house, str(house.root / "repo1"))
    house.start()
    _, asked = work(fleet, house, model, "inherits", "inherit = true", 1)
    assert RULE in asked[0]
    assert "how bread is baked in this house" in asked[0]
    assert "seven pounds" in asked[1]
    assert "mona@example.com" not in "".join(asked)
    folder = house.state / "workspaces" / "1" / "home" / "claude" / ".claude"
    if folder.exists():
        assert not (folder / "settings.json").exists()
    assert (users / "CLAUDE.md").read_text() == RULE

    _, asked = work(fleet, house, model, "does-not", "", 0)
    assert RULE not in "".join(asked)
    assert "bake-bread" not in "".join(asked)
    assert "mcp__scales" not in "".join(asked)


def test_a_price_of_ones_own_is_what_counts(fleet, house, model):
    house.start()
    price = "price = { input = 100, cached = 10, output = 1000 }"
    detail, _ = work(fleet, house, model, "priced", price, 0)
    plain, _ = work(fleet, house, model, "plain", "", 0)
    assert detail.task.tokens == plain.task.tokens
    assert detail.task.cost_usd == pytest.approx(2 * (1000 * 100 + 50 * 1000) / 1e6)
    assert detail.task.cost_usd > plain.task.cost_usd
