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


RISK = GOOD.replace(
    "[[stage]]",
    """[gate.api]
kind = "human"
paths = ["api/"]
[profile.loose]
[profile.strict]
limits = {cost_usd = 1}
paths = ["pay/"]
[[stage]]""",
    1,
).replace('gates = ["t"]', 'gates = ["t", "api"]')


def test_check_tells_what_is_asked_of_a_change(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": RISK, "pay/a": "1\n", "api/b": "1\n"})
    repo.git("checkout", "-q", "-b", "work")
    repo.git("mv", "pay/a", "moved")
    repo.commit({"src/x y": "1\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({"api/b": "2\n"})

    told = house.ok("check", "--diff", "main...work", "--format", "json", cwd=repo.path).json
    assert told["files"] == ["moved", "pay/a", "src/x y"], "both names of a rename"
    assert [(each["profile"], each["files"]) for each in told["raised"]] == [("strict", ["pay/a"])]
    gates = {gate["name"]: gate["applies"] for stage in told["stages"] for gate in stage["gates"]}
    assert gates == {"t": True, "api": False, "foremand-policy": False}
    assert told["base"] == repo.git("merge-base", "main", "work")

    words = house.ok("check", "--diff", "work..", "--profile", "loose", cwd=repo.path).stdout
    assert "Its profile is loose." in words
    assert "applies: the change touches api/b" in words
    assert "It is raised to the profile strict (pay/): pay/a." in words


def test_a_link_that_is_put_into_a_folders_place_touches_it(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": RISK})
    (repo.path / "api").symlink_to("/etc")
    repo.commit({})
    words = house.ok("check", "--diff", "HEAD~1..HEAD", cwd=repo.path).stdout
    assert "applies: the change touches api\n" in words


def test_check_explains_a_profile_and_warns_of_what_matches_nothing(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": RISK, "pay/a": "1\n"})
    told = house.ok("check", "--profile", "strict", "--format", "json", cwd=repo.path).json
    assert (told["profile"], told["limits"]["cost_usd"]) == ("strict", 1.0)
    assert '[gate.api] paths: "api/" matches no file of this repository' in told["warnings"]


def test_check_refuses_what_it_cannot_answer(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": RISK})
    for given, said in (
        (["--profile", "strickt"], 'no profile is called "strickt"; did you mean "strict"? (there are loose, strict)'),
        (["--diff", "main"], "name two commits, such as main..HEAD"),
        (["--diff", "main..nowhere"], "there is no commit nowhere"),
        (["--diff", "--output=x..HEAD"], "there is no commit --output=x"),
        (["-C", str(house.root), "--diff", "a..b"], ""),
    ):
        refused = house.ctl("check", *given, cwd=repo.path)
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr
    assert not (repo.path / "x").exists()


def test_check_joins_the_users_floor_and_says_whose_it_is(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": RISK})
    config = house.root / "config" / "foremand"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text('[floor]\ngates = ["api"]\nlimits = {cost_usd = 0.5}\n')
    told = house.ok("check", "--format", "json", cwd=repo.path).json
    assert (told["floor"]["gates"], told["limits"]["cost_usd"]) == (["api"], 0.5)
    (config / "config.toml").write_text('[floor]\ngates = ["scan"]\n')
    refused = house.ctl("check", "--format", "json", cwd=repo.path)
    assert (refused.returncode, refused.json["problems"][0]["table"]) == (2, "[floor] of your settings")


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
    assert (refused.returncode, refused.stderr != "") == (2, True)
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

    off = house.ok("doctor", "--format", "json", cwd=repo.path, env={"FOREMAND_SANDBOX": "off"}).json
    assert (off["sandbox"]["ok"], "switched off" in off["sandbox"]["says"]) == (False, True)

    (house.root / "config" / "foremand").mkdir()
    (house.root / "config" / "foremand" / "config.toml").write_text("max_agents = 'many'\n")
    broken = house.ctl("doctor", "--format", "json", cwd=repo.path)
    assert (broken.returncode, broken.json["settings"]["ok"]) == (1, False)


def test_doctor_of_an_invalid_pipeline_fails_and_guesses_no_agents(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": GOOD.replace("run =", "runs =", 1)})
    found = house.ctl("doctor", "--format", "json", cwd=repo.path)
    assert (found.returncode, found.json["repository"]["invalid"]) == (2, True)
    assert not [name for name in found.json if name.startswith("agent")]


def test_check_warns_of_what_is_not_here(house: Any) -> None:
    file = GOOD.replace('"sh", "-c", "true"', '"nosuchagent"') + '[land]\ninto = "nobranch"\n'
    repo = house.repo({".foremand/pipeline.toml": file})
    warnings = house.ok("check", "--format", "json", cwd=repo.path).json["warnings"]
    assert any("[agent.a] nosuchagent: not found on PATH" in said for said in warnings)
    assert '[land] into: this repository has no branch "nobranch"' in warnings
    repo.git("branch", "nobranch")
    assert "nobranch" not in house.ok("check", cwd=repo.path).stdout.partition("warning:")[2]


def test_errors_have_one_shape(house: Any) -> None:
    repo = house.repo({".foremand/pipeline.toml": "version = 2\n"})
    for args in (
        ["check"],
        ["check", "nothing.toml"],
        ["init"],
        ["init", "--commit", "--user"],
        ["check", "--diff", "x"],
    ):
        assert "\n  what to do: " in house.ctl(*args, cwd=repo.path).stderr, args
