"""What works without a daemon: check, schema, init, doctor."""

from typing import Any

GOOD = """
version = 1
[agent.a]
adapter = "command"
command = ["sh", "-c", "true"]
[gate.t]
kind = "command"
run = "true"
[[stage]]
name = "implement"
agent = "a"
gates = ["t"]
"""

PYTEST = {
    "pyproject.toml": '[project]\nname = "x"\nversion = "1"\n',
    "tests/test_x.py": "def test_x():\n    assert 1\n",
}


def test_check_explains_a_good_file_and_names_every_error_of_a_bad_one(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": GOOD})
    assert "implement: a writes" in house.ok("check", cwd=repo.path).stdout
    assert house.ok("check", "--format", "json", cwd=repo.path).json["worst_case"] >= 1

    repo.write({"bad.toml": GOOD.replace('"t"', '"tt"').replace("run =", "runs =")})
    refused = house.ctl("check", "bad.toml", "--format", "json", cwd=repo.path)
    assert refused.returncode == 2
    problems = refused.json["problems"]
    assert {(p["table"], p["key"]) for p in problems} >= {("[gate.t]", "runs")}
    assert len(problems) > 1, "all at once"
    assert house.ctl("check", "nothing.toml", cwd=repo.path).returncode == 2


def test_schema_is_a_json_schema(house: Any) -> None:
    schema = house.ok("schema").json
    document = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    assert {"version", "stage", "gate", "land"} <= document["properties"].keys()


def test_init_writes_what_check_accepts_once_and_only_where_it_knows_how(house: Any) -> None:
    repo = house.repo(PYTEST)
    house.ok("init", "--commit", cwd=repo.path)
    assert repo.git("status", "--porcelain") == ""
    house.ok("check", cwd=repo.path)
    before = repo.show(".foremand/pipeline.toml")
    assert house.ctl("init", cwd=repo.path).returncode == 5
    assert (repo.path / ".foremand/pipeline.toml").read_text() == before + "\n"

    other = house.repo({"package.json": "{}"})
    refused = house.ctl("init", cwd=other.path)
    assert (refused.returncode, "not in this version" in refused.stderr) == (2, True)
    assert not (other.path / ".foremand").exists()


def test_doctor_tells_what_is_missing_and_fails_only_for_what_is_needed(house: Any) -> None:
    repo = house.repo({"README": "hi"})
    found = house.ok("doctor", "--format", "json", cwd=repo.path).json
    assert found["git"]["ok"]
    assert "foremanctl init" in found["repository"]["hint"]

    repo.write({".foremand/pipeline.toml": GOOD.replace('"sh", "-c", "true"', '"no-such-agent"')})
    found = house.ok("doctor", "--format", "json", cwd=repo.path).json
    assert "not committed" in found["repository"]["says"]
    assert not found["agent a"]["ok"]

    (house.root / "config" / "foremand").mkdir()
    (house.root / "config" / "foremand" / "config.toml").write_text("max_agents = 'many'\n")
    broken = house.ctl("doctor", "--format", "json", cwd=repo.path)
    assert (broken.returncode, broken.json["settings"]["ok"]) == (1, False)
