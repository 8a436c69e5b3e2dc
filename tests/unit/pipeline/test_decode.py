"""Reading: each thing that can be wrong with one table, key or value is said, with both named."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

VERSION, ADAPTER, RUN, HUMAN = "version = 1", 'adapter = "claude"', 'run = "make test"', 'kind = "human"'
KINDS = '"command" or "secrets" or "protected" or "review" or "human"'
GATES, READ, LAND = 'gates = ["tests"]', 'access = "read"', "[land]"


def under(key, line):
    return (key, f"{key}\n{line}")


WRONG = {
    "unknown key": (under(RUN, 'timout = "1m"'), '[gate.tests] timout: unknown key; did you mean "timeout"?'),
    "unknown key, nothing near": (under(RUN, "zzz = 1"), "[gate.tests] zzz: unknown key"),
    "unknown table": (under(VERSION, "[wrkspace]"), 'wrkspace: unknown key; did you mean "workspace"?'),
    "unknown nested": (
        under(GATES, 'on_fail = {gotoo = "plan"}'),
        '[[stage]] "implement" on_fail.gotoo: unknown key; did you mean "goto"?',
    ),
    "unknown, quoted": (under(ADAPTER, '"a\\nb" = 1'), '[agent.coder] "a\\nb": unknown key'),
    "text for a number": (
        under(VERSION, '[limits]\nattempts = "3"'),
        '[limits] attempts: expected a whole number from 1 to 1000, got "3"',
    ),
    "true is no number": (
        under(VERSION, "[limits]\nattempts = true"),
        "[limits] attempts: expected a whole number from 1 to 1000, got true",
    ),
    "half an attempt": (
        under(VERSION, "[limits]\nattempts = 1.5"),
        "[limits] attempts: expected a whole number from 1 to 1000, got 1.5",
    ),
    "no attempts": (
        under(VERSION, "[limits]\nattempts = 0"),
        "[limits] attempts: expected a whole number from 1 to 1000, got 0",
    ),
    "no money": (
        under(VERSION, "[limits]\ncost_usd = 0"),
        "[limits] cost_usd: expected US dollars, a number above 0, got 0",
    ),
    "nan": (
        under(VERSION, "[limits]\ncost_usd = nan"),
        "[limits] cost_usd: expected US dollars, a number above 0, got NaN",
    ),
    "infinite": (
        under(VERSION, "[limits]\ncost_usd = inf"),
        "[limits] cost_usd: expected US dollars, a number above 0, got Infinity",
    ),
    "number for a duration": (
        under(RUN, "timeout = 90"),
        '[gate.tests] timeout: expected a duration such as "90s", "45m" or "2h", got 90',
    ),
    "duration": (
        under(RUN, 'timeout = "5 minutes"'),
        '[gate.tests] timeout: expected a duration such as "90s", "45m" or "2h", got "5 minutes"',
    ),
    "no duration": (
        under(RUN, 'timeout = "0s"'),
        '[gate.tests] timeout: expected a duration such as "90s", "45m" or "2h", got "0s"',
    ),
    "limit": (
        under(GATES, "on_fail = {limit = -1}"),
        '[[stage]] "implement" on_fail.limit: expected a whole number from 0 to 100, got -1',
    ),
    "endless limit": (
        under(GATES, "on_fail = {limit = 101}"),
        '[[stage]] "implement" on_fail.limit: expected a whole number from 0 to 100, got 101',
    ),
    "choice": (
        (READ, 'access = "raed"'),
        '[[stage]] "plan" access: expected "write" or "read", got "raed"; did you mean "read"?',
    ),
    "attempts of an attempt": (
        under(GATES, "limits = {attempts = 1}"),
        '[[stage]] "implement" limits.attempts: unknown key',
    ),
    "not a list": (
        (GATES, 'gates = "tests"'),
        '[[stage]] "implement" gates: expected a list of names, got "tests"',
    ),
    "list of what": (
        (GATES, 'gates = ["tests", 3]'),
        '[[stage]] "implement" gates: expected a list of names, got ["tests", 3]',
    ),
    "twice": ((GATES, 'gates = ["tests", "tests"]'), '[[stage]] "implement" gates: "tests" is named twice'),
    "not a table": (under(VERSION, "limits = 3"), "[limits]: expected a table, got 3"),
    "gate not a table": (("[gate.boss]\n" + HUMAN, "[gate]\nboss = 1"), "[gate.boss]: expected a table, got 1"),
    "truth": (
        under(GATES, 'allow_empty = "yes"'),
        '[[stage]] "implement" allow_empty: expected true or false, got "yes"',
    ),
    "no kind": ((HUMAN, 'message = "x"'), f"[gate.boss] kind: missing: one of {KINDS}"),
    "wrong kind": (
        (HUMAN, 'kind = "humane"'),
        f'[gate.boss] kind: expected {KINDS}, got "humane"; did you mean "human"?',
    ),
    "kind of no text": ((HUMAN, "kind = 1"), f"[gate.boss] kind: expected {KINDS}, got 1"),
    "key of another kind": (under(HUMAN, 'run = "x"'), '[gate.boss] run: only a gate of kind "command" has this'),
    "message of a command": (under(RUN, 'message = "x"'), '[gate.tests] message: only a gate of kind "human" has this'),
    "no run": ((RUN, 'timeout = "1m"'), "[gate.tests] run: missing: the command that has to end with exit code 0"),
    "empty run": ((RUN, 'run = "  "'), "[gate.tests] run: must not be empty"),
    "empty argv": ((RUN, "run = []"), "[gate.tests] run: must not be empty"),
    "NUL in run": ((RUN, 'run = "a\\u0000"'), "[gate.tests] run: must not hold a NUL byte"),
    "NUL in argv": ((RUN, 'run = ["a", "b\\u0000"]'), "[gate.tests] run: must not hold a NUL byte"),
    "no adapter": ((ADAPTER, 'model = "x"'), "[agent.coder] adapter: missing"),
    "shell in an agent": (
        under(ADAPTER, 'command = "cd x && claude"'),
        '[agent.coder] command: no shell reads this: write ["bash", "-c", "..."] to have one',
    ),
    "quotes in an agent": (
        under(ADAPTER, 'command = "claude \'x"'),
        "[agent.coder] command: cannot be split into words: no closing quotation",
    ),
    "no name": (
        ('name = "implement"\n', ""),
        "[[stage]] number 2 name: missing",
    ),
    "name of what": (('name = "implement"', "name = 3"), "[[stage]] number 2 name: expected a name, got 3"),
    "empty pattern": (
        under(RUN, "paths = []"),
        "[gate.tests] paths: is empty and would never match: leave it out for every change",
    ),
    "only negated": (under(RUN, 'paths = ["!a"]'), "[gate.tests] paths: can never match: every pattern begins with !"),
    "dot pattern": (
        under(RUN, 'paths = ["./a"]'),
        '[gate.tests] paths: "./a" can never match: patterns start at the repository\'s top, without ./ or ..',
    ),
    "comment pattern": (
        under(RUN, 'paths = ["#a"]'),
        '[gate.tests] paths: "#a" is not a pattern (gitignore\'s rules; \\# and \\! for a first # or !)',
    ),
    "spaced pattern": (
        under(RUN, 'paths = [" a"]'),
        '[gate.tests] paths: " a" is empty, or begins or ends with a space',
    ),
    "report outside": (under(RUN, 'junit = "/tmp/r.xml"'), '[gate.tests] junit: "/tmp/r.xml" must be relative'),
    "report above": (under(RUN, 'junit = "a/../../r"'), '[gate.tests] junit: "a/../../r" must not lead out with ..'),
    "report of nothing": (under(RUN, 'junit = "."'), '[gate.tests] junit: "." names no file or folder'),
    "git's folder": (
        under(VERSION, '[workspace]\nsetup_paths = [".GIT/hooks"]'),
        '[workspace] setup_paths: ".GIT/hooks" lies in git\'s own folder',
    ),
    "whole tree": (
        under(VERSION, '[workspace]\nsetup_paths = ["."]'),
        '[workspace] setup_paths: "." names no file or folder',
    ),
    "empty key": (
        under(VERSION, "[workspace]\nsetup_key = []"),
        "[workspace] setup_key: is empty: leave it out for the whole tree",
    ),
    "value for a name": (
        under(ADAPTER, 'env = ["A=b"]'),
        '[agent.coder] env: "A=b" is not a variable\'s name (names only: the values come from where you submit)',
    ),
    "our variable": (
        under(ADAPTER, 'env = ["FOREMAND_TASK"]'),
        '[agent.coder] env: "FOREMAND_TASK" is foremand\'s own',
    ),
    "branch": (under(LAND, 'into = "a..b"'), '[land] into: "a..b" is not a branch\'s name'),
    "option for a branch": (under(LAND, 'into = "--force"'), '[land] into: "--force" is not a branch\'s name'),
    "ref": (
        under(LAND, 'into = "refs/heads/main"'),
        '[land] into: "refs/heads/main": name the branch alone, without refs/heads/',
    ),
    "message": (
        under(LAND, 'message = "{{ feedback }}"'),
        '[land] message: "{{ feedback }}" names nothing (there are id, title, summary, task)',
    ),
    "no tokens": (
        under(VERSION, "[limits]\ntokens = 0"),
        "[limits] tokens: expected a number of tokens, whole and above 0, got 0",
    ),
    "stall of an attempt": (
        under(GATES, 'limits = {stall = "soon"}'),
        '[[stage]] "implement" limits.stall: expected a duration such as "90s", "45m" or "2h", got "soon"',
    ),
    "cache elsewhere": (
        under(VERSION, '[workspace]\ncache = ["/srv/cache"]'),
        '[workspace] cache: "/srv/cache" must be a folder below your home, such as ~/.cache/pip',
    ),
    "cache that leads out": (
        under(VERSION, '[workspace]\ncache = ["~/../x"]'),
        '[workspace] cache: "../x" must not lead out with ..',
    ),
    "advisory human": (
        under(HUMAN, "advisory = true"),
        '[gate.boss] advisory: only gates of kind "command" or "secrets" or "protected" or "review" have this',
    ),
    "timeout of a person": (
        under(HUMAN, 'timeout = "1h"'),
        '[gate.boss] timeout: only gates of kind "command" or "secrets" or "review" have this',
    ),
    "folder of a person": (under(HUMAN, 'dir = "x"'), '[gate.boss] dir: only a gate of kind "command" has this'),
    "retries of a person": (
        under(HUMAN, "flaky_retries = 1"),
        '[gate.boss] flaky_retries: only a gate of kind "command" has this',
    ),
    "quorum of a command": (under(RUN, "quorum = 1"), '[gate.tests] quorum: only a gate of kind "review" has this'),
    "prompt of a command": (under(RUN, 'prompt = "x"'), '[gate.tests] prompt: only a gate of kind "review" has this'),
    "allow of a command": (under(RUN, "allow = []"), '[gate.tests] allow: only a gate of kind "secrets" has this'),
    "advisory of what": (
        under(RUN, 'advisory = "yes"'),
        '[gate.tests] advisory: expected true or false, got "yes"',
    ),
    "no such scope": (
        under(RUN, 'scope = "stages"'),
        '[gate.tests] scope: expected "task" or "stage", got "stages"; did you mean "stage"?',
    ),
    "folder outside": (under(RUN, 'dir = "/tmp"'), '[gate.tests] dir: "/tmp" must be relative'),
    "folder above": (under(RUN, 'dir = "a/../.."'), '[gate.tests] dir: "a/../.." must not lead out with ..'),
    "endless retries": (
        under(RUN, "flaky_retries = 11"),
        "[gate.tests] flaky_retries: expected a whole number from 0 to 10, got 11",
    ),
    "network of what": (under(RUN, "network = 1"), "[gate.tests] network: expected true or false, got 1"),
    "nothing protected": (
        (HUMAN, 'kind = "protected"'),
        "[gate.boss] paths: missing: what no change may touch",
    ),
    "an empty list protected": (
        (HUMAN, 'kind = "protected"\npaths = []'),
        "[gate.boss] paths: is empty and would never match: leave it out for every change",
    ),
    "a protected command": (
        (HUMAN, 'kind = "protected"\npaths = ["a"]\nrun = "x"'),
        '[gate.boss] run: only a gate of kind "command" has this',
    ),
    "fingerprint twice": (
        (HUMAN, 'kind = "secrets"\nallow = ["f", "f"]'),
        '[gate.boss] allow: "f" is named twice',
    ),
    "empty fingerprint": ((HUMAN, 'kind = "secrets"\nallow = [" "]'), "[gate.boss] allow: must not be empty"),
    "no reviewers": ((HUMAN, 'kind = "review"'), "[gate.boss] reviewers: missing: the agents that review"),
    "empty reviewers": (
        (HUMAN, 'kind = "review"\nreviewers = []'),
        "[gate.boss] reviewers: is empty: name at least one",
    ),
    "no quorum": (
        (HUMAN, 'kind = "review"\nreviewers = ["x"]\nquorum = 0\n[agent.x]\nadapter = "claude"'),
        "[gate.boss] quorum: expected a whole number from 1 to 1000000, got 0",
    ),
    "no agents": (
        ('agent = "coder"\n' + GATES, "agent = []\n" + GATES),
        '[[stage]] "implement" agent: is empty: name at least one',
    ),
    "agent twice": (
        ('agent = "coder"\n' + GATES, 'agent = ["coder", "coder"]\n' + GATES),
        '[[stage]] "implement" agent: "coder" is named twice',
    ),
    "agent of what": (
        ('agent = "coder"\n' + GATES, "agent = 3\n" + GATES),
        '[[stage]] "implement" agent: expected the name of an agent, or a list of them, got 3',
    ),
    "strategy": (
        under(LAND, 'strategy = "rebase"'),
        '[land] strategy: expected "squash" or "merge", got "rebase"',
    ),
    "publish": (
        under(LAND, 'publish = "pull_request"'),
        (
            '[land] publish: expected "local" or "push" or "pull-request", got "pull_request"; '
            'did you mean "pull-request"?'
        ),
    ),
    "fetch": (under(LAND, 'fetch = "yes"'), '[land] fetch: expected true or false, got "yes"'),
    "profile not a table": (under(VERSION, "profile = {x = 1}"), "[profile.x]: expected a table, got 1"),
    "profiles of what": (under(VERSION, "profile = 1"), "[profile]: expected tables [profile.NAME], got 1"),
    "unknown key of a profile": (
        under(VERSION, "[profile.x]\nskips = []"),
        '[profile.x] skips: unknown key; did you mean "skip"?',
    ),
    "gates of a profile": (
        under(VERSION, '[profile.x]\ngates = ["tests"]'),
        '[profile.x] gates: expected a table, got ["tests"]',
    ),
    "gates of a profile's stage": (
        under(VERSION, '[profile.x]\ngates = {implement = "tests"}'),
        '[profile.x] gates.implement: expected a list of names, got "tests"',
    ),
    "gate twice in a profile": (
        under(VERSION, '[profile.x]\ngates = {land = ["tests", "tests"]}'),
        '[profile.x] gates.land: "tests" is named twice',
    ),
    "limits of a profile": (
        under(VERSION, "[profile.x]\nlimits = {attempts = 0}"),
        "[profile.x] limits.attempts: expected a whole number from 1 to 1000, got 0",
    ),
    "patterns of a profile": (
        under(VERSION, '[profile.x]\npaths = ["!a"]'),
        "[profile.x] paths: can never match: every pattern begins with !",
    ),
    "default profile of what": (under(VERSION, "default_profile = 1"), "default_profile: expected a name, got 1"),
    "unknown key of the floor": (
        under(VERSION, "[floor]\ngate = []"),
        '[floor] gate: unknown key; did you mean "gates"?',
    ),
    "floor not a table": (under(VERSION, "floor = 1"), "[floor]: expected a table, got 1"),
    "a date": (
        under(LAND, "into = 2026-01-01"),
        '[land] into: expected the name of a branch, got "2026-01-01"',
    ),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_one_wrong_thing_is_one_problem(problems, bend, change, said):
    assert problems(bend(change)) == [said]


LATER_VALUES = {
    '[agent.coder] adapter: "codex"': (ADAPTER, 'adapter = "codex"'),
    '[agent.coder] adapter: "acp"': (ADAPTER, 'adapter = "acp"\ncommand = "opencode acp"'),
}


@pytest.mark.parametrize(("what", "change"), LATER_VALUES.items(), ids=LATER_VALUES)
def test_the_contracts_other_values_are_not_in_this_version(problems, bend, what, change):
    assert problems(bend(change)) == [f"{what} is not in this version"]


FIRST = "correct it first, the rest was not read"
WHOLE = {
    "nothing": ("", ["version: missing: write version = 1", "stage: missing: a pipeline has at least one [[stage]]"]),
    "other version": ("version = 2\nnew = 1", [f"version: this foremand reads version 1, not 2: {FIRST}"]),
    "version of truth": ("version = true", [f"version: this foremand reads version 1, not true: {FIRST}"]),
    "version of text": ('version = "1"', [f'version: this foremand reads version 1, not "1": {FIRST}']),
    "no list of stages": (
        "version = 1\n[stage]\nname = 'a'",
        ["[stage]: stages are a list: write [[stage]]"],
    ),
    "stages of what": ("version = 1\nstage = 1", ["[[stage]]: expected tables [[stage]], got 1"]),
    "no stages": ("version = 1\nstage = []", ["[[stage]]: missing: a pipeline has at least one [[stage]]"]),
    "gates of what": ("version = 1\ngate = 1\nstage = 1", [
        "[gate]: expected tables [gate.NAME], got 1",
        "[[stage]]: expected tables [[stage]], got 1",
    ]),
    "surrogate": ("version = 1\nx = '\ud800'", ["not UTF-8 text"]),
    "too long": ("#" * 1_000_001, ["larger than 1000000 characters"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WHOLE.values(), ids=WHOLE)
def test_a_file_that_is_wrong_as_a_whole(problems, text, said):
    assert problems(text) == said


SYNTAX = {
    "no value": ("version = 1\n[limits]\nattempts =\n", "(at line 3, column 11)"),
    "twice": ("version = 1\nversion = 2\n", "(at line 2, column 12)"),
    "open table": ("version = 1\n[gate.tests\n", "(at line 2, column 12)"),
    "NUL": ("version = \0", "(at line 1, column 11)"),
}


@pytest.mark.parametrize(("text", "where"), SYNTAX.values(), ids=SYNTAX)
def test_wrong_toml_is_said_with_line_and_column(problems, text, where):
    [said] = problems(text)
    assert said.startswith("not TOML: ")
    assert said.endswith(where)


HOSTILE = {
    "deep": "a = " + "[" * 100_000,
    "long number": "version = " + "9" * 5000,
    "long hexadecimal number": "version = 0x" + "f" * 50_000,
    "long hexadecimal limit": "version = 1\n[limits]\nattempts = 0x" + "f" * 50_000,
    "long hexadecimal version": "version = 0x" + "f" * 50_000,
    "long hexadecimal choice": "version = 1\n[[stage]]\naccess = 0x" + "f" * 50_000,
    "far beyond any float": "version = 1\n[limits]\ncost_usd = 0x" + "f" * 50_000,
    "deep list as a value": "version = 1\n[land]\ngates = " + "[" * 200 + "]" * 200,
    "deep table as a value": "version = 1\n[land.gates" + ".a" * 5000 + "]",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused_and_nothing_worse(problems, text):
    assert problems(text)


def test_all_that_is_wrong_is_said_at_once(problems, bend):
    text = bend(
        under(VERSION, '[limits]\ncost_usd = "5"\ntoken = 1'),
        (RUN, 'run = "make test"\ntimout = "1m"\npaths = ["a"]'),
        under(READ, 'on_fail = {goto = "implement"}\nprompt = "{{ tsk }}"'),
        (GATES, 'gates = ["tset"]\nagnt = "x"'),
        (f'{LAND}\ngates = ["boss"]', f'{LAND}\ngates = ["bos"]\npublis = "push"'),
    )
    tables = [said.split(":")[0] for said in problems(text)]
    assert tables == [
        "[limits] token",
        "[limits] cost_usd",
        "[gate.tests] timout",
        '[[stage]] "implement" agnt',
        "[land] publis",
        '[[stage]] "implement" gates',
        "[land] gates",
        '[[stage]] "plan" on_fail.goto',
        '[[stage]] "plan" prompt',
    ]


def test_typos_do_not_hide_a_forward_goto_nor_an_ungated_writer(problems, bend):
    text = bend(
        under(READ, 'on_fail = {goto = "implement"}\ntimout = 1'),
        (GATES, 'wizard = "x"'),
        ('gates = ["boss"]', "gates = []"),
    )
    said = "\n".join(problems(text))
    assert all(part in said for part in ("timout", "wizard", "comes later", "never ungated"))


KEYS = re.findall(
    r"\w+",
    "version limits workspace agent gate stage land name adapter kind run paths gates prompt agents on_fail goto "
    "limit setup setup_key into junit message env command cost_usd attempts wall_clock access x profile floor skip "
    "reviewers quorum scope advisory default_profile",
)
SCALARS = st.one_of(
    st.sampled_from(['"review"', '"secrets"', '"protected"']),
    st.sampled_from(['"claude"', '"command"', '"human"', '"a"', '"land"', '"2h"', '""', '"{{ x }}"', "1", "true"]),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(alphabet="ab\\\"'\n{}. \0", max_size=6).map(lambda text: f'"{text}"'),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=6,
)
HEADS = st.sampled_from(
    [
        "[limits]",
        "[workspace]",
        "[agent.a]",
        "[gate.a]",
        "[gate.b]",
        "[[stage]]",
        "[land]",
        "[x]",
        "[profile.a]",
        "[floor]",
    ]
)
LINES = st.lists(
    st.one_of(HEADS, st.tuples(st.sampled_from(KEYS), VALUES).map(" = ".join)),
    max_size=14,
)


@settings(max_examples=300, deadline=None)
@given(LINES, st.booleans())
def test_toml_of_any_kind_loads_or_is_refused(problems, lines, versioned):
    problems("\n".join(["version = 1", *lines] if versioned else lines))


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_text_of_any_kind_loads_or_is_refused(problems, text):
    assert problems(text)
