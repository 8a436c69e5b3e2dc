"""Reading: each thing that can be wrong with one table, key or value is said, with both named."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

VERSION, ADAPTER, RUN, HUMAN = "version = 1", 'adapter = "claude"', 'run = "make test"', 'kind = "human"'
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
    "no kind": ((HUMAN, 'message = "x"'), '[gate.boss] kind: missing: one of "command" or "human"'),
    "wrong kind": (
        (HUMAN, 'kind = "humane"'),
        '[gate.boss] kind: expected "command" or "human", got "humane"; did you mean "human"?',
    ),
    "kind of no text": ((HUMAN, "kind = 1"), '[gate.boss] kind: expected "command" or "human", got 1'),
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
    "a date": (
        under(LAND, "into = 2026-01-01"),
        '[land] into: expected the name of a branch, got "2026-01-01"',
    ),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_one_wrong_thing_is_one_problem(problems, bend, change, said):
    assert problems(bend(change)) == [said]


LATER = {
    "default_profile": (VERSION, 'version = 1\ndefault_profile = "x"'),
    "profile": (VERSION, "version = 1\n[profile.x]"),
    "floor": (VERSION, "version = 1\n[floor]\ngates = []"),
    "[limits] tokens": under(VERSION, "[limits]\ntokens = 1"),
    "[limits] stall": under(VERSION, '[limits]\nstall = "20m"'),
    "[workspace] cache": under(VERSION, '[workspace]\ncache = ["x"]'),
    "[agent.coder] inherit": under(ADAPTER, "inherit = true"),
    "[agent.coder] price": under(ADAPTER, "price = {input = 1}"),
    "[gate.tests] advisory": under(RUN, "advisory = true"),
    "[gate.tests] scope": under(RUN, 'scope = "stage"'),
    "[gate.tests] dir": under(RUN, 'dir = "x"'),
    "[gate.tests] flaky_retries": under(RUN, "flaky_retries = 1"),
    "[gate.tests] network": under(RUN, "network = true"),
    "[gate.boss] dir": under(HUMAN, 'dir = "x"'),
    '[[stage]] "implement" limits.stall': under(GATES, 'limits = {stall = "1m"}'),
    "[land] publish": under(LAND, 'publish = "local"'),
    "[land] fetch": under(LAND, "fetch = true"),
}


@pytest.mark.parametrize(("where", "change"), LATER.items(), ids=LATER)
def test_the_contracts_other_keys_are_not_in_this_version(problems, bend, where, change):
    assert problems(bend(change)) == [f"{where}: not in this version"]


LATER_VALUES = {
    '[agent.coder] adapter: "codex"': (ADAPTER, 'adapter = "codex"'),
    '[agent.coder] adapter: "acp"': (ADAPTER, 'adapter = "acp"\ncommand = "opencode acp"'),
    '[agent.coder] permissions: "ask"': under(ADAPTER, 'permissions = "ask"'),
    '[gate.boss] kind: "secrets"': (HUMAN, 'kind = "secrets"\nallow = ["x"]'),
    '[gate.boss] kind: "protected"': (HUMAN, 'kind = "protected"\npaths = ["x"]'),
    '[gate.boss] kind: "review"': (HUMAN, 'kind = "review"\nquorum = 1\nreviewers = ["coder"]'),
    '[land] strategy: "merge"': under(LAND, 'strategy = "merge"'),
    '[[stage]] "plan" prompt: "builtin:harden"': under(READ, 'prompt = "builtin:harden"'),
    '[[stage]] "implement" agent: a list of agents': (
        f'name = "implement"\nagent = "coder"\n{GATES}',
        f'name = "implement"\nagent = ["coder", "coder"]\n{GATES}',
    ),
}


@pytest.mark.parametrize(("what", "change"), LATER_VALUES.items(), ids=LATER_VALUES)
def test_the_contracts_other_values_are_not_in_this_version(problems, bend, what, change):
    assert problems(bend(change)) == [f"{what} is not in this version"]


def test_a_stage_without_agent_is_not_in_this_version(problems, bend):
    [said] = problems(bend((f'agent = "coder"\n{GATES}', GATES)))
    assert said.startswith('[[stage]] "implement" agent: missing; ')
    assert said.endswith("not in this version")


WHOLE = {
    "nothing": ("", ["version: missing: write version = 1", "stage: missing: a pipeline has at least one [[stage]]"]),
    "other version": ("version = 2\nnew = 1", ["version: this foremand reads version 1, not 2"]),
    "version of truth": ("version = true", ["version: this foremand reads version 1, not true"]),
    "version of text": ('version = "1"', ['version: this foremand reads version 1, not "1"']),
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
        under(VERSION, '[limits]\ncost_usd = "5"\ntokens = 1'),
        (RUN, 'run = "make test"\ntimout = "1m"\npaths = ["a"]'),
        under(READ, 'on_fail = {goto = "implement"}\nprompt = "{{ tsk }}"'),
        (GATES, 'gates = ["tset"]\nagnt = "x"'),
        (f'{LAND}\ngates = ["boss"]', f'{LAND}\ngates = ["bos"]\npublish = "push"'),
    )
    tables = [said.split(":")[0] for said in problems(text)]
    assert tables == [
        "[limits] tokens",
        "[limits] cost_usd",
        "[gate.tests] timout",
        '[[stage]] "implement" agnt',
        "[land] publish",
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
    "limit setup setup_key into junit message env command cost_usd attempts wall_clock access x",
)
SCALARS = st.one_of(
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
HEADS = st.sampled_from(["[limits]", "[workspace]", "[agent.a]", "[gate.a]", "[gate.b]", "[[stage]]", "[land]", "[x]"])
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
