"""Strictness that follows risk, end to end: profiles chosen, profiles that a change is raised to, floors."""

from typing import Any

import pytest

PIPELINE = """
version = 1
default_profile = "quick"

[limits]
attempts = 8
cost_usd = 4

[agent.planner]
adapter = "command"
command = ["sh", "-c", "echo a plan > $FOREMAND_OUTPUT"]

[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
sed -n "s/^$FOREMAND_STAGE: //p" "$FOREMAND_PROMPT_FILE" > "$TMPDIR/run.sh"
. "$TMPDIR/run.sh"
''']

[gate.fine]
kind = "command"
run = "true"

[gate.strict]
kind = "command"
run = "! test -e sloppy.txt"

[gate.owner]
kind = "human"

[gate.security]
kind = "human"

[[stage]]
name = "plan"
agent = "planner"
access = "read"

[[stage]]
name = "implement"
agent = "hand"
gates = ["fine"]
on_fail = { limit = 0 }

[[stage]]
name = "harden"
agent = "hand"
gates = ["fine"]
allow_empty = true
on_fail = { limit = 0 }

[profile.quick]
skip = ["plan", "harden"]
limits = { attempts = 6 }

[profile.usual]
gates = { land = ["owner"] }

[profile.production]
gates = { implement = ["strict"], land = ["security"] }
limits = { cost_usd = 3, attempts = 7 }
paths = ["pay/**"]
"""


@pytest.fixture
def repo(home: Any) -> Any:
    return home.repo({".foremand/pipeline.toml": PIPELINE, "pay/a.txt": "a\n"})


def submit(home: Any, repo: Any, *runs: str, args: tuple[str, ...] = ()) -> int:
    return int(home.submit(repo, "go\n\n" + "\n".join(runs) + "\n", *args))


def stages(shown: Any) -> list[str]:
    return [a["stage"] for a in shown["attempts"]]


def verdicts(shown: Any, stage: str) -> dict[str, str]:
    return {gate["name"]: gate["verdict"] for gate in shown["gates"] if gate["stage"] == stage}


def test_the_default_profile_holds_and_another_is_chosen(home: Any, repo: Any) -> None:
    quick = home.wait(submit(home, repo, "implement: echo q > q.txt"), "LANDED")
    assert (quick["profile"], stages(quick)) == ("quick", ["implement"])

    task = submit(home, repo, "implement: echo u > u.txt", args=("--profile", "usual"))
    usual = home.wait(task, "WAITING")
    assert (usual["profile"], stages(usual)) == ("usual", ["plan", "implement", "harden"])
    assert usual["reason"] == "approve owner?"
    home.approve(task)
    home.wait(task, "LANDED")

    refused = home.ctl("submit", "go", "-C", str(repo.path), "--profile", "prodcution")
    assert (refused.returncode, "prodcution" in refused.stderr, "production" in refused.stderr) == (2, True, True)


def test_a_change_that_touches_its_paths_is_raised_in_mid_task(home: Any, repo: Any) -> None:
    task = submit(home, repo, "implement: echo more >> pay/a.txt", "harden: echo hard > hard.txt")
    shown = home.wait(task, "WAITING")
    assert shown["profile"] == "production"
    assert stages(shown) == ["implement", "plan", "harden"], "what was skipped runs next"
    assert verdicts(shown, "implement") == {"fine": "pass", "strict": "pass"}
    assert shown["reason"] == "approve security?"
    raised = [e for e in home.events() if (e["type"], e["task"]) == ("ProfileRaised", task)]
    assert [e["paths"] for e in raised] == [["pay/a.txt"]]
    why = home.ok("why", str(task)).stdout
    assert "profile production, raised by pay/a.txt" in why
    home.approve(task)
    home.wait(task, "LANDED")
    assert repo.show("hard.txt") == "hard"


def test_gates_of_stages_that_are_passed_are_asked_before_landing(home: Any, repo: Any) -> None:
    """The later stage touches what raises it; its earlier ones were judged by less."""
    runs = ("implement: echo x > sloppy.txt", "harden: echo more >> pay/a.txt")
    shown = home.wait(submit(home, repo, *runs, args=("--profile", "usual")), "WAITING")
    assert stages(shown) == ["plan", "implement", "harden", "harden"], "sent back once from landing"
    assert (shown["profile"], shown["stage"], shown["waiting_for"]) == ("production", "land", "stuck")
    assert verdicts(shown, "land")["strict"] == "fail"
    assert verdicts(shown, "land")["owner"] is None, "no attention is spent on what a machine refused"
    assert "sloppy" not in repo.git("ls-tree", "--name-only", "main")


SPIN = PIPELINE.replace("limit = 0", "limit = 20").replace('"true"', '"! test -e spin.txt"')


def test_limits_only_fall(home: Any) -> None:
    repo = home.repo({".foremand/pipeline.toml": SPIN, "pay/a.txt": "a\n"})
    spin, touch = "implement: echo more >> spin.txt", "implement: echo more >> pay/a.txt"
    plain = submit(home, repo, spin)
    asked = submit(home, repo, spin, args=("--limit", "attempts=20", "--profile", "usual"))
    lower = submit(home, repo, spin, args=("--limit", "attempts=2", "--profile", "usual"))
    raised = submit(home, repo, spin, touch, args=("--profile", "usual"))
    most = {plain: 6, asked: 20, lower: 2, raised: 7}
    for task in (plain, lower, raised):
        shown = home.wait(task, "WAITING")
        assert shown["reason"] == f"limit attempts: {most[task]} of {most[task]} agent runs are used"
    home.ok("cancel", str(asked))


FLOOR = """
[floor]
gates = ["strict"]
limits = { attempts = 5 }
"""


def test_no_profile_goes_below_the_repository_s_floor(home: Any) -> None:
    text = SPIN.replace("attempts = 6", "attempts = 4").replace("attempts = 7", "attempts = 5")
    repo = home.repo(
        {".foremand/pipeline.toml": text.replace("attempts = 8", "attempts = 5") + FLOOR, "pay/a.txt": "a\n"}
    )
    task = submit(home, repo, "implement: echo x > sloppy.txt")
    spins = submit(home, repo, "implement: echo x >> spin.txt", args=("--profile", "usual"))
    above = home.ctl("submit", "go", "-C", str(repo.path), "--limit", "attempts=9")
    assert (above.returncode, "the floor allows at most 5" in above.stderr) == (5, True)
    shown = home.wait(task, "WAITING")
    assert (shown["stage"], verdicts(shown, "land")["strict"]) == ("land", "fail")
    refused = home.ctl("waive", str(task), "strict", "-m", "please")
    assert (refused.returncode, "floor" in refused.stderr) == (5, True)
    higher = home.ctl("limit", str(task), "attempts=6")
    assert (higher.returncode, "floor" in higher.stderr) == (5, True)
    assert "attempts: 5 of 5" in home.wait(spins, "WAITING")["reason"]
    assert repo.git("rev-list", "--count", "main") == "1"


def test_the_user_s_own_floor_holds_in_every_repository(other_house: Any) -> None:
    config = other_house.root / "config" / "foremand" / "config.toml"
    config.parent.mkdir()
    config.write_text('[floor]\ngates = ["security"]\nlimits = { attempts = 3 }\n')
    other_house.start()
    repo = other_house.repo({".foremand/pipeline.toml": SPIN, "pay/a.txt": "a\n"})
    task = submit(other_house, repo, "implement: echo q > q.txt")
    spins = submit(other_house, repo, "implement: echo x >> spin.txt")
    shown = other_house.wait(task, "WAITING")
    assert (shown["profile"], shown["reason"]) == ("quick", "approve security?")
    other_house.approve(task)
    other_house.wait(task, "LANDED")
    assert "attempts: 3 of 3" in other_house.wait(spins, "WAITING")["reason"]

    lacks = other_house.repo({".foremand/pipeline.toml": PIPELINE.replace("security", "guard")})
    refused = other_house.ctl("submit", "go", "-C", str(lacks.path))
    assert (refused.returncode, "security" in refused.stderr) == (2, True)


def test_a_profile_that_loosens_is_refused_with_every_error_at_once(home: Any) -> None:
    loose = PIPELINE.replace("attempts = 7", "attempts = 70").replace('skip = ["plan", "harden"]', 'skip = ["nosuch"]')
    repo = home.repo({".foremand/pipeline.toml": loose})
    refused = home.ctl("submit", "go", "-C", str(repo.path))
    assert refused.returncode == 2
    for word in ("[profile.production]", "limits.attempts", "[profile.quick]", "nosuch"):
        assert word in refused.stderr
