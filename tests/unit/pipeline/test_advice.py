"""The worst case is exact, and each warning is given where it is due and nowhere else."""

import msgspec
import pytest

from foremand.core.worst import loops
from foremand.pipeline import explain, report, warnings, worst_case

RUN, GATES, VERSION, ADAPTER = 'run = "make test"', 'gates = ["tests"]', "version = 1", 'adapter = "claude"'


def played(pipeline):
    """Play the worst task: every stage and landing refuses as long as its limit lets it."""
    left = {stage.name: stage.on_fail.limit for stage in pipeline.stages}
    landing = [pipeline.land.on_fail.goto] * pipeline.land.on_fail.limit
    landing += [pipeline.land.on_conflict.goto] * pipeline.land.on_conflict.limit
    runs, place = 0, 0
    while True:
        if place == len(pipeline.stages):
            if not landing:
                return runs
            place = pipeline.index(landing.pop())
            continue
        stage = pipeline.stages[place]
        runs += bool(stage.agent)
        if left[stage.name]:
            left[stage.name] -= 1
            place = pipeline.index(stage.on_fail.goto)
        else:
            place += 1


REVIEWED = (
    '[agent.x]\nadapter = "claude"\nmodel = "x"\n[agent.y]\nadapter = "claude"\nmodel = "y"\n'
    '[gate.review]\nkind = "review"\nreviewers = ["x", "y"]\n[land]'
)
CASES = {
    "defaults": ([], 8),
    "no second chance": (
        [
            ('access = "read"', 'access = "read"\non_fail = {limit = 0}'),
            (GATES, f"{GATES}\non_fail = {{limit = 0}}"),
            ("[land]", "[land]\non_fail = {limit = 0}\non_conflict = {limit = 0}"),
        ],
        2,
    ),
    "back to the plan": ([(GATES, f'{GATES}\non_fail = {{goto = "plan", limit = 3}}')], 12),
    "a checkpoint is no run": (
        [("[land]", '[[stage]]\nname = "check"\ngates = ["boss"]\non_fail = {limit = 0}\n[land]')],
        8,
    ),
    "landing back to the plan": ([("[land]", '[land]\non_fail = {goto = "plan", limit = 2}')], 11),
}


@pytest.mark.parametrize(("changes", "runs"), CASES.values(), ids=CASES)
def test_worst_case(read, bend, changes, runs):
    pipeline = read(bend(*changes))
    assert loops(pipeline) == played(pipeline)
    assert worst_case(pipeline) == min(runs, 12)


def test_reviewers_are_agent_runs_too(read, bend):
    """Implementing is entered 5 times and landing is reached twice without a conflict, each time with two reviewers."""
    assert loops(read(bend(("[land]", REVIEWED), (GATES, 'gates = ["tests", "review"]')))) == 8 + 2 * 5 + 2 * 2


def test_the_worst_case_ends_with_the_attempts(read, bend):
    pipeline = read(bend((VERSION, "version = 1\n[limits]\nattempts = 3")))
    assert (loops(pipeline), worst_case(pipeline)) == (8, 3)
    assert "At worst 3 agent runs, then a person is asked (limits.attempts; the loops alone allow 8)." in explain(
        pipeline
    )


def test_a_sound_pipeline_draws_no_warning(read, bend, contract):
    assert warnings(read(bend())) == ()


def setup(command):
    return [(VERSION, f"version = 1\n[workspace]\nsetup = '{command}'")]


WARNED = {
    "unused gate": ([('gates = ["boss"]', "")], "[gate.boss] is asked nowhere"),
    "unused agent": ([("[land]", '[agent.x]\nadapter = "claude"\n[land]')], "[agent.x] does no stage"),
    "no cost": (
        [(ADAPTER, 'adapter = "command"\ncommand = "./agent"')],
        "[agent.coder] reports no cost, tokens or turns: cost_usd cannot stop it",
    ),
    "model of a program": (
        [(ADAPTER, 'adapter = "command"\ncommand = "./agent"\nmodel = "x"')],
        "[agent.coder] is any program",
    ),
    "allow of all": ([(ADAPTER, f'{ADAPTER}\npermissions = "full"\nallow = ["x"]')], "[agent.coder] allow"),
    "empty reading": ([('access = "read"', 'access = "read"\nallow_empty = true')], '[[stage]] "plan" allow_empty'),
    "empty profile": ([(VERSION, "version = 1\n[profile.x]\n")], "[profile.x] adds no gate, skips no stage"),
    "one CLI and model": (
        [
            ("[land]", '[agent.x]\nadapter = "claude"\n[gate.r]\nkind = "review"\nreviewers = ["x"]\n[land]'),
            (GATES, 'gates = ["tests", "r"]'),
        ],
        '[gate.r] reviewers: "x" is the same CLI and model as "coder"',
    ),
    "one CLI in a list": (
        [
            ('agent = "coder"\ngates', 'agent = ["coder", "x"]\ngates'),
            ("[land]", '[agent.x]\nadapter = "claude"\nmodel = "x"\n[land]'),
        ],
        '[[stage]] "implement" agent: "x" is the same CLI as "coder"',
    ),
    "pushes what is not pushed": ([("[land]", '[land]\npublish = "push"')], '[land] publish = "push" without fetch'),
    "key of no setup": ([(VERSION, 'version = 1\n[workspace]\nsetup_key = ["a"]')], "[workspace] setup_key"),
    "unheard plan": ([(GATES, f'{GATES}\nprompt = "{{{{ task }}}}"')], '[[stage]] "plan" hands on what no prompt'),
    "installs a copy": (setup(".venv/bin/pip install -q ."), "[workspace] setup installs a copy"),
    "installs a copy with an extra": (setup("pip install \".[test]\""), "[workspace] setup installs a copy"),
    "installs a copy, then more": (setup("pip install -r a.txt && pip3 install ./ ; x"), "[workspace] setup installs"),
    "installs a copy by uv": (setup("uv pip install ."), "[workspace] setup installs a copy"),
    "setup.py": (setup("python setup.py install"), "[workspace] setup installs a copy"),
    "no environment": ([(RUN, 'run = ".venv/bin/pytest"')], "[gate.tests] runs .venv/bin/pytest, which no setup makes"),
    "bare pytest": ([(RUN, 'run = "pytest -q"')], "[gate.tests] runs pytest as PATH has it"),
    "bare python": ([(RUN, 'run = ["python", "-m", "pytest"]')], "[gate.tests] runs python as PATH has it"),
    "bare after a variable": ([(RUN, 'run = "CI=1 pytest"')], "[gate.tests] runs pytest as PATH has it"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WARNED.values(), ids=WARNED)
def test_a_warning(read, bend, changes, said):
    given = [warning for warning in warnings(read(bend(*changes))) if warning.startswith(said)]
    assert len(given) == 1


QUIET = [
    setup("python3 -m venv .venv && .venv/bin/pip install -e ."),
    setup("pip install --editable \".[test]\""),
    setup("pip install --target . x"),
    setup("pip install -r requirements.txt"),
    setup("pip install \"unbalanced"),
    [("[land]", '[land]\npublish = "pull-request"\nfetch = true')],
    [("[land]", REVIEWED), (GATES, 'gates = ["tests", "review"]')],
    [('gates = ["boss"]', ""), (VERSION, 'version = 1\n[profile.x]\ngates = {land = ["boss"]}')],
    [('gates = ["boss"]', ""), (VERSION, 'version = 1\n[floor]\ngates = ["boss"]')],
    [(VERSION, 'version = 1\n[profile.x]\nskip = ["plan"]\n[profile.y]\npaths = ["api/"]')],
    [(RUN, 'run = "make test"\nnetwork = false')],
    [(RUN, 'run = "uv run pytest"')],
    [(RUN, 'run = "unbalanced \\""')],
    [(RUN, 'run = ". .venv/bin/activate && pytest"')],
]  # fmt: skip


@pytest.mark.parametrize("changes", QUIET)
def test_no_warning(read, bend, changes):
    assert warnings(read(bend(*changes))) == ()


FILES = ("api/v1/x.py", "src/a.py", "pyproject.toml")

UNMATCHED = {
    "gate": ([(RUN, f'{RUN}\npaths = ["apy/"]')], '[gate.tests] paths: "apy/" matches no file of this repository'),
    "profile": (
        [(VERSION, 'version = 1\n[profile.x]\nskip = ["plan"]\npaths = ["api/", "db/"]')],
        '[profile.x] paths: "db/" matches no file of this repository',
    ),
    "protected": (
        [("[land]", '[gate.p]\nkind = "protected"\npaths = ["*.sql"]\n[land]'), (GATES, 'gates = ["tests", "p"]')],
        '[gate.p] paths: "*.sql" matches no file of this repository',
    ),
    "folder": ([(RUN, f'{RUN}\ndir = "web"')], '[gate.tests] dir: there is no folder "web" in this repository'),
    "key": (
        [(VERSION, 'version = 1\n[workspace]\nsetup = "x"\nsetup_key = ["pyproject.toml", "uv.lock"]')],
        '[workspace] setup_key: there is no "uv.lock" in this repository, so nothing in it counts',
    ),
}


@pytest.mark.parametrize(("changes", "said"), UNMATCHED.values(), ids=UNMATCHED)
def test_what_no_file_has_to_do_with_draws_a_warning(read, bend, changes, said):
    pipeline = read(bend(*changes))
    assert warnings(pipeline, FILES) == (said,)
    assert warnings(pipeline) == ()


def test_what_matches_draws_none(read, bend):
    rules = [(RUN, f'{RUN}\ndir = "api/v1"\npaths = ["api/", "!web/"]'), (VERSION, "version = 1\n[workspace]")]
    assert warnings(read(bend(*rules)), FILES) == ()


def test_no_network_needs_the_sandbox(read, bend):
    pipeline = read(bend((RUN, f"{RUN}\nnetwork = false")))
    assert warnings(pipeline, sandboxed=True) == ()
    assert warnings(pipeline, sandboxed=False) == (
        "[gate.tests] network = false cannot pass here, where nothing is sandboxed",
    )


def test_explain_tells_the_course(read, contract):
    assert explain(read(contract)) == """\
1. plan: claude reads
     refused: back to plan, twice, then a person decides
2. implement: claude writes
     gate tests: .venv/bin/pytest -q --junitxml=report.xml
     refused: back to implement, twice, then a person decides
3. land: into main
     gate final-review: a person
     gate foremand-policy: a person, if the change touches .foremand/** /.foremand
     refused: back to implement, once, then a person decides
     in conflict: back to implement, once, then a person decides

A task may use $5, 2h of running time, 12 agent runs, 20m without a sign of life.
At worst 8 agent runs, then a person is asked.
"""  # fmt: skip


def test_explain_shows_warnings_and_bounds(read, bend):
    text = explain(
        read(
            bend(
                (VERSION, 'version = 1\n[limits]\nturns = 7\nwall_clock = "90s"'),
                (RUN, 'run = """\npytest -q\ntrue"""'),
                ("[land]", "[land]\non_fail = {limit = 0}"),
            )
        )
    )
    assert "A task may use $5, 7 turns, 90s of running time, 12 agent runs, 20m without a sign of life." in text
    assert "gate tests: pytest -q ..." in text
    assert "     refused: a person decides\n" in text
    assert "warning: [gate.tests] runs pytest" in text


def test_report_is_data(read, contract):
    data = msgspec.json.decode(msgspec.json.encode(report(read(contract))))
    assert data["worst_case"] == 8
    assert data["warnings"] == []
    assert [stage["name"] for stage in data["stages"]] == ["plan", "implement"]
    assert data["land"]["gates"] == ["final-review", "foremand-policy"]
    assert data["gates"]["tests"]["kind"] == "command"


STRICT = (
    VERSION,
    """version = 1
default_profile = "loose"
[floor]
gates = ["scan"]
limits = {cost_usd = 4}
[gate.scan]
kind = "secrets"
[gate.lint]
kind = "command"
run = "make lint"
dir = "web"
advisory = true
[gate.red]
kind = "command"
run = "make red"
scope = "stage"
[gate.db]
kind = "protected"
paths = ["db/"]
[agent.x]
adapter = "claude"
model = "x"
[agent.y]
adapter = "claude"
model = "y"
[gate.review]
kind = "review"
reviewers = ["x", "y"]
quorum = 1
[profile.loose]
skip = ["plan"]
limits = {cost_usd = 1}
[profile.strict]
gates = {implement = ["red", "review"], land = ["db"]}
paths = ["api/", "pay/"]""",
)


def test_explain_tells_of_profiles_and_the_floor(read, bend):
    text = bend(STRICT, (GATES, 'gates = ["tests", "lint"]'), ("[land]", '[land]\nfetch = true\npublish = "push"'))
    assert explain(read(text)) == """\
Under the profile loose:

1. implement: coder writes
     gate tests: make test
     gate lint: make lint (in web), advisory: never blocks
     refused: back to implement, twice, then a person decides
2. land: into the branch checked out at submit as the remote has it, then pushed
     gate boss: a person
     gate scan: no secret in what would land
     gate foremand-policy: a person, if the change touches .foremand/** /.foremand
     refused: back to implement, once, then a person decides
     in conflict: back to implement, once, then a person decides

A task may use $1, 2h of running time, 12 agent runs, 20m without a sign of life.
At worst 5 agent runs, then a person is asked.

profile loose (the default):
     skips plan
     at most $1

profile strict:
     a change that touches api/ pay/ is raised to it
     implement also asks red, review
     land also asks db

floor: every task asks scan and allows at most $4, whatever its profile
"""  # fmt: skip


def test_explain_follows_the_profile_that_is_asked_for(read, bend):
    text = explain(read(bend(STRICT, ("[land]", '[land]\nstrategy = "merge"'))), "strict")
    assert text.startswith("Under the profile strict:\n\n1. plan: coder reads\n")
    assert "     gate red: make red, at this stage alone\n" in text
    assert "     gate review: x, y (1 must approve)\n" in text
    assert "     gate db: nothing touches db/\n" in text
    assert "3. land: into the branch checked out at submit with a merge commit\n" in text


def test_report_follows_the_profile_and_tells_of_all(read, bend):
    data = report(read(bend(STRICT)))
    assert (data["profile"], [stage["name"] for stage in data["stages"]]) == ("loose", ["implement"])
    assert data["limits"]["cost_usd"] == 1.0
    assert data["floor"]["gates"] == ["scan"]
    assert data["profiles"]["strict"]["paths"] == ["api/", "pay/"]
    assert data["gates"]["red"]["scope"] == "stage"
    assert len(report(read(bend(STRICT)), "strict")["stages"]) == 2
