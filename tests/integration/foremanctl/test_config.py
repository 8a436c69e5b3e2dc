"""`foremanctl config`: each setting and its origin, without a daemon."""

from typing import Any


def test_each_setting_has_its_origin_and_a_wrong_one_its_reason(house: Any) -> None:
    file = house.root / "config" / "foremand" / "config.toml"
    none = house.ok("config")
    assert "default" in none.stdout
    assert f"no {file} yet" in none.stderr

    file.parent.mkdir()
    file.write_text('keep = "14d"\n[floor]\ngates = ["secrets"]\nlimits = { turns = 9 }\n')
    there = house.ok("config", env={"FOREMAND_MAX_GATES": "7"})
    lines = {line.split()[0]: line.split()[1:] for line in there.stdout.splitlines()}
    assert lines["keep"] == ['"14d"', str(file)]
    assert lines["floor.gates"] == ['["secrets"]', str(file)]
    assert lines["floor.limits.turns"] == ["9", str(file)]
    assert lines["max_gates"] == ["7", "FOREMAND_MAX_GATES"]
    assert lines["daily_cost_usd"] == ["-", "default"]
    assert there.stderr == ""
    found = house.ok("config", "--format", "json").json
    assert found["keep"] == {"value": "14d", "origin": str(file)}
    assert found["notify"] == {"value": None, "origin": "default"}

    file.write_text("max_agnts = 3\n")
    refused = house.ctl("config", "--format", "json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f'{file}: max_agnts: unknown key; did you mean "max_agents"?' in refused.stderr
    assert house.daemon is None
