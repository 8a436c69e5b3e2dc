"""What a sound file means: every default of the contract filled in, every path and command in one form."""

import pytest
from pathspec import GitIgnoreSpec

from foremand.core.spec import LAND, POLICY_GATE, Limits, OnFail, Price, Profile
from foremand.pipeline import PipelineInvalid, gate_specs, load


def test_the_contracts_example_loads(read, contract):
    pipeline = read(contract)
    assert [stage.name for stage in pipeline.stages] == ["plan", "implement"]
    assert pipeline.land.into == "main"
    assert pipeline.workspace.setup_paths == (".venv",)
    assert pipeline.gates["tests"].junit == "report.xml"


def test_defaults(read, bend):
    pipeline = read(bend())
    assert pipeline.limits == Limits(cost_usd=5.0, wall_clock=7200.0, stall=1200.0, attempts=12)
    plan, implement = pipeline.stages
    assert (plan.access, implement.access) == ("read", "write")
    assert implement.on_fail == OnFail(goto="implement", limit=2, session="resume")
    assert implement.limits == Limits()
    assert not implement.allow_empty
    assert pipeline.land.on_fail == pipeline.land.on_conflict == OnFail(goto="implement", limit=1)
    assert pipeline.land.into is None
    assert pipeline.gates["tests"].timeout == 900.0
    assert pipeline.gates["tests"].min_tests == 1
    assert pipeline.workspace.setup_paths is None
    assert pipeline.workspace.setup_timeout == 900.0
    assert pipeline.agents["coder"].permissions == "auto"


@pytest.mark.parametrize(("more", "counts"), [("", (2.0, 2.0)), ("cached = 0.2, written = 3, ", (0.2, 3.0))])
def test_a_price_and_what_is_inherited(read, bend, more, counts):
    said = f'adapter = "claude"\ninherit = true\nprice = {{input = 2, {more}output = 8}}'
    agent = read(bend(('adapter = "claude"', said))).agents["coder"]
    assert (agent.inherit, agent.price) == (True, Price(input=2.0, cached=counts[0], written=counts[1], output=8.0))


def test_default_prompts_follow_the_access_and_pass_on_what_came_before(read, bend):
    plan, implement = read(bend()).stages
    assert "You are planning" in plan.prompt
    assert "stages." not in plan.prompt
    assert "{{ stages.plan }}" in implement.prompt
    assert "<!--" not in plan.prompt + implement.prompt


def test_a_person_always_sees_a_change_of_the_policy(read, bend):
    pipeline = read(bend())
    gate = pipeline.gates[POLICY_GATE]
    assert gate.kind == "human"
    assert pipeline.land.gates == ("boss", POLICY_GATE)
    assert gate in pipeline.gates_of(LAND)
    touched = (".foremand/pipeline.toml", ".foremand/prompts/a.md", ".foremand")
    spec = GitIgnoreSpec.from_lines(gate.paths)
    assert all(spec.match_file(path) for path in touched)
    assert not spec.match_file("src/.foremand.py")


def test_what_is_written_is_kept(read, bend):
    text = bend(
        ("version = 1", "version = 1\n[limits]\ncost_usd = 2\ntokens = 8\nturns = 9\nattempts = 3"),
        ("attempts = 3", 'attempts = 3\nwall_clock = "45m"\nstall = "1m"'),
        ('adapter = "claude"', 'adapter = "claude"\nmodel = "m"\ncommand = "claude --x \'a b\'"\nenv = ["KEY"]'),
        ('run = "make test"', 'run = ["make", "test"]\npaths = ["src/"]\ntimeout = "90s"'),
        (
            'gates = ["tests"]',
            """gates = ["tests"]
            on_fail = {goto = "plan", limit = 0, session = "fresh"}
            allow_empty = true
            limits = {cost_usd = 0.5, wall_clock = "5m"}""",
        ),
        ("[land]", '[land]\ninto = "release/1.x"\non_fail = {limit = 4}\non_conflict = {goto = "plan"}'),
    )
    pipeline = read(text)
    assert pipeline.limits == Limits(cost_usd=2.0, tokens=8, turns=9, wall_clock=2700.0, stall=60.0, attempts=3)
    assert pipeline.agents["coder"].command == ("claude", "--x", "a b")
    assert pipeline.gates["tests"].run == ("make", "test")
    assert pipeline.gates["tests"].timeout == 90.0
    implement = pipeline.stage("implement")
    assert implement.on_fail == OnFail(goto="plan", limit=0, session="fresh")
    assert implement.limits == Limits(cost_usd=0.5, wall_clock=300.0)
    assert implement.allow_empty
    assert pipeline.land.into == "release/1.x"
    assert pipeline.land.on_fail == OnFail(goto="implement", limit=4)
    assert pipeline.land.on_conflict == OnFail(goto="plan", limit=1)


def test_paths_have_one_form(read, bend):
    text = bend(
        ("version = 1", 'version = 1\n[workspace]\nsetup = "x"\nsetup_paths = ["./.venv/"]\ncopy = ["a//b"]'),
        ('run = "make test"', 'run = "make test"\njunit = "./out/r.xml"'),
    )
    pipeline = read(text)
    assert pipeline.workspace.setup_paths == (".venv",)
    assert pipeline.workspace.copy == ("a/b",)
    assert pipeline.gates["tests"].junit == "out/r.xml"


def test_no_setup_paths_is_not_the_default(read, bend):
    text = bend(("version = 1", 'version = 1\n[workspace]\nsetup = "x"\nsetup_paths = []'))
    assert read(text).workspace.setup_paths == ()


def test_prompts_of_ones_own(read, bend):
    text = bend(
        ('access = "read"', 'access = "read"\nprompt = "Plan {{ task }}"'),
        ('gates = ["tests"]', 'gates = ["tests"]\nprompt_file = "prompts/do.md"'),
    )
    plan, implement = read(text, {"prompts/do.md": "Do {{ stages.plan }}"}).stages
    assert plan.prompt == "Plan {{ task }}"
    assert implement.prompt == "Do {{ stages.plan }}"


def test_a_built_in_prompt_by_name(read, bend):
    text = bend(('gates = ["tests"]', 'gates = ["tests"]\nprompt = "builtin:plan"'))
    assert read(text).stage("implement").prompt.startswith("You are planning")


CHANGES = {
    "run": ('run = "make test"', 'run = "make check"'),
    "argv is not text": ('run = "make test"', 'run = ["make test"]'),
    "junit": ('run = "make test"', 'run = "make test"\njunit = "r.xml"'),
    "paths": ('run = "make test"', 'run = "make test"\npaths = ["src/"]'),
    "timeout": ('run = "make test"', 'run = "make test"\ntimeout = "1m"'),
    "setup": ("version = 1", 'version = 1\n[workspace]\nsetup = "x"'),
    "copy": ("version = 1", 'version = 1\n[workspace]\ncopy = [".env"]'),
    "dir": ('run = "make test"', 'run = "make test"\ndir = "api"'),
    "flaky_retries": ('run = "make test"', 'run = "make test"\nflaky_retries = 1'),
    "network": ('run = "make test"', 'run = "make test"\nnetwork = false'),
    "env": ("version = 1", 'version = 1\n[workspace]\nenv = ["X"]'),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_definition_changes_with_all_that_could_change_the_answer(read, bend, change):
    before, after = read(bend()).gates["tests"], read(bend(change)).gates["tests"]
    assert before.definition != after.definition


@pytest.mark.parametrize("key", ["setup_key", "setup_paths"])
def test_a_definition_changes_with_what_the_setup_keeps(read, bend, key):
    def definition(value):
        return read(bend(("version = 1", f'version = 1\n[workspace]\nsetup = "x"\n{key} = ["{value}"]'))).gates["tests"]

    assert definition("a").definition != definition("b").definition


def test_a_definition_knows_the_number_of_tests(read, bend):
    def definition(count):
        report = f'run = "make test"\njunit = "r.xml"\nmin_tests = {count}'
        return read(bend(('run = "make test"', report))).gates["tests"].definition

    assert definition(1) != definition(2)


def test_a_definition_stays_when_only_a_name_or_another_gate_changes(read, bend):
    first = read(bend())
    renamed = read(bend(("[gate.tests]", "[gate.suite]"), ('["tests"]', '["suite"]')))
    assert first.gates["tests"].definition == renamed.gates["suite"].definition
    asked = read(bend(('kind = "human"', 'kind = "human"\nmessage = "Sure?"')))
    assert first.gates["tests"].definition == asked.gates["tests"].definition
    assert first.gates["boss"].definition != asked.gates["boss"].definition


def test_a_persons_definition_knows_its_paths(read, bend):
    api = read(bend(('kind = "human"', 'kind = "human"\npaths = ["api/"]')))
    assert read(bend()).gates["boss"].definition != api.gates["boss"].definition


def test_a_persons_definition_does_not_hang_on_the_setup(read, bend):
    other = read(bend(("version = 1", 'version = 1\n[workspace]\nsetup = "x"')))
    assert read(bend()).gates["boss"].definition == other.gates["boss"].definition


def test_a_refusal_names_its_file():
    with pytest.raises(PipelineInvalid, match=r"^\.foremand/pipeline\.toml at main: 2 errors\n") as refused:
        load("version = 1\ncolour = 1", lambda _: None, ".foremand/pipeline.toml at main")
    assert [problem.key for problem in refused.value.problems] == ["colour", "stage"]


@pytest.mark.parametrize("line", ["advisory = true", 'scope = "stage"'])
def test_a_definition_stays_with_what_only_says_what_an_answer_does(read, bend, line):
    asked = ("[land]", f'[gate.more]\nkind = "command"\nrun = "x"\n{line}\n[land]')
    plain = ("[land]", '[gate.more]\nkind = "command"\nrun = "x"\n[land]')
    assert read(bend(asked)).gates["more"].definition == read(bend(plain)).gates["more"].definition


def gate(read, bend, text, more=""):
    return read(bend(("[land]", f"{more}[gate.more]\n{text}\n[land]"))).gates["more"]


def test_a_command_gates_own_keys(read, bend):
    made = gate(
        read,
        bend,
        'kind = "command"\nrun = "x"\ndir = "./api/"\njunit = "out/r.xml"\nnetwork = false\nflaky_retries = 2\n'
        'advisory = true\nscope = "stage"',
    )
    assert (made.dir, made.junit, made.network, made.flaky_retries) == ("api", "out/r.xml", False, 2)
    assert (made.advisory, made.scope) == (True, "stage")


def test_a_secrets_gate(read, bend):
    made = gate(read, bend, 'kind = "secrets"\nallow = ["a", "b"]\ntimeout = "1m"')
    assert (made.kind, made.allow, made.timeout) == ("secrets", ("a", "b"), 60.0)
    assert made.definition == gate(read, bend, 'kind = "secrets"\nallow = ["b", "a"]').definition
    assert made.definition != gate(read, bend, 'kind = "secrets"\nallow = ["a"]').definition


def test_a_new_scanner_answers_anew(read, bend, monkeypatch):
    before = gate(read, bend, 'kind = "secrets"').definition
    monkeypatch.setattr(gate_specs, "SCANNER", gate_specs.SCANNER + 1)
    assert gate(read, bend, 'kind = "secrets"').definition != before


def test_a_protected_gate(read, bend):
    made = gate(read, bend, 'kind = "protected"\npaths = ["db/", "!db/x"]')
    assert (made.kind, made.paths) == ("protected", ("db/", "!db/x"))
    assert made.definition != gate(read, bend, 'kind = "protected"\npaths = ["db/"]').definition


OTHERS = '[agent.a]\nadapter = "claude"\nmodel = "m"\n[agent.b]\nadapter = "command"\ncommand = "b --review"\n'
REVIEW = 'kind = "review"\nreviewers = ["a", "b"]'


def test_a_review_gate(read, bend):
    made = gate(read, bend, REVIEW, OTHERS)
    assert (made.kind, made.reviewers, made.quorum) == ("review", ("a", "b"), 2)
    assert made.prompt.startswith("You are reviewing a change")
    assert "{{ stages.implement }}" in made.prompt
    assert "# How to answer" in made.prompt
    assert gate(read, bend, f"{REVIEW}\nquorum = 1", OTHERS).quorum == 1
    assert "security" in gate(read, bend, f'{REVIEW}\nprompt = "builtin:security-review"', OTHERS).prompt


REVIEWS = {
    "quorum": (f"{REVIEW}\nquorum = 1", OTHERS),
    "prompt": (f'{REVIEW}\nprompt = "x"', OTHERS),
    "reviewers": ('kind = "review"\nreviewers = ["a"]\nquorum = 1', OTHERS),
    "model": (REVIEW, OTHERS.replace('"m"', '"n"')),
    "command": (REVIEW, OTHERS.replace("b --review", "c --review")),
    "args": (REVIEW, f'{OTHERS}args = ["-x"]\n'),
    "paths": (f'{REVIEW}\npaths = ["api/"]', OTHERS),
}


@pytest.mark.parametrize(("text", "agents"), REVIEWS.values(), ids=REVIEWS)
def test_a_reviews_definition_changes_with_who_judges_and_by_what(read, bend, text, agents):
    assert gate(read, bend, REVIEW, OTHERS).definition != gate(read, bend, text, agents).definition


def test_a_reviews_definition_stays_with_what_does_not_judge(read, bend):
    other = gate(read, bend, f'{REVIEW}\ntimeout = "1m"', f'{OTHERS}env = ["KEY"]\n')
    assert gate(read, bend, REVIEW, OTHERS).definition == other.definition


def test_a_list_of_agents(read, bend):
    text = bend(
        ('agent = "coder"\ngates', 'agent = ["coder", "other"]\ngates'),
        ("[land]", '[agent.other]\nadapter = "claude"\n[land]'),
    )
    stage = read(text).stage("implement")
    assert (stage.agent, stage.others, stage.writes) == ("coder", ("other",), True)


CHECK = '[[stage]]\nname = "check"\ngates = ["boss"]\n'


def test_a_checkpoint_sends_back_to_who_wrote(read, bend):
    stage = read(bend(("[land]", f"{CHECK}[land]"))).stage("check")
    assert (stage.agent, stage.others, stage.prompt, stage.writes) == ("", (), "", False)
    assert stage.on_fail == OnFail(goto="implement", limit=2)
    assert stage.access == "write"


def test_a_checkpoint_of_a_plan_sends_back_to_who_planned(read, bend):
    pipeline = read(bend(('[[stage]]\nname = "implement"', f'{CHECK}[[stage]]\nname = "implement"')))
    assert pipeline.stage("check").on_fail.goto == "plan"
    assert pipeline.stage("check").access == "read"
    assert "stages.check" not in pipeline.stage("implement").prompt


def test_landing_in_full(read, bend):
    land = read(bend(("[land]", '[land]\nstrategy = "merge"\npublish = "pull-request"\nfetch = true'))).land
    assert (land.strategy, land.publish, land.fetch) == ("merge", "pull-request", True)
    land = read(bend()).land
    assert (land.strategy, land.publish, land.fetch) == ("squash", "local", False)


def test_a_profile_and_the_default(read, bend):
    text = bend(
        (
            "version = 1",
            (
                'version = 1\ndefault_profile = "x"\n[profile.x]\ngates = {implement = ["boss"], land = []}\n'
                'skip = ["plan"]\nlimits = {wall_clock = "1h", turns = 3}\npaths = ["api/"]'
            ),
        )
    )
    pipeline = read(text)
    assert pipeline.default_profile == "x"
    assert pipeline.profiles == {
        "x": Profile(
            name="x",
            gates={"implement": ("boss",), "land": ()},
            skip=("plan",),
            limits=Limits(wall_clock=3600.0, turns=3),
            paths=("api/",),
        )
    }
    assert read(bend()).profiles == {}


def test_caches_have_one_form(read, bend):
    assert read(bend(("version = 1", 'version = 1\n[workspace]\ncache = ["~/.cache/pip/"]'))).workspace.cache == (
        "~/.cache/pip",
    )
