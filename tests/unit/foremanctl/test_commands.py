"""What holds for every command."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from foremanctl.cli import _ELSEWHERE, FIRST, SECTIONS, cli

ROOT = Path(__file__).parents[3]
NAMES = cli.list_commands(click.Context(cli))

CONTRACT = """
init [--commit] [--user]
check [FILE]
schema
doctor [-C REPO]
submit [TEXT] [-f FILE] [-C REPO] [--title T] [--profile P] [--pipeline FILE] [--into B] [--after ID] [--priority N]
    [--limit K=V] [--attach] [--wait] [--no-start]
attach [ID] [--plain] [--ascii]
list [--state S] [-C REPO] [--all]
ls [--state S] [-C REPO] [--all]
ps [--state S] [-C REPO] [--all]
show ID
why ID
logs ID [--stage S] [--attempt N] [--gate G] [--setup] [-f] [--raw]
diff ID [--stat] [--attempt N] [--since SHA] [--since-approval]
events [-f] [--after SEQ]
answer ID {allow|deny} [--question KEY] [-m T]
approve ID [GATE] [--revision SHA] [-m T]
reject ID [-m T]
rework ID [-m T] [-f FILE]
waive ID GATE [-m T]
send ID TEXT [--interrupt]
limit ID K=V...
priority ID N
cancel ID... [--all]
pause ID... [--all]
resume ID... [--all]
retry ID... [--gate G] [--stage S] [--agent NAME] [--fresh] [-m T]
take ID
give ID [-m T] [--rework]
checkout ID
wait ID... [--for WHAT] [--timeout S]
queue [-C REPO]
costs [--since SPAN] [--by KEYS]
repin ID...
prune [--dry-run]
verify [ID]
export ID
config
completion SHELL
demo
"""
"""Contract 6's table, without `daemon`, which a later version has."""

VERBS = {words[0]: words[1:] for words in map(str.split, CONTRACT.replace("\n  ", " ").strip().splitlines())}


def test_every_verb_of_the_contract_is_there_and_no_other() -> None:
    assert {*VERBS} - {"ls", "ps"} == {*NAMES}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_takes_what_the_contract_says(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    usage, _, options = shown.output.partition("\nOptions:\n")
    for word in VERBS[name]:
        if word.startswith("[-"):
            assert f" {word.strip('[]')} " in re.sub(r"[,\n]", " ", options), word
        elif not word.endswith("]") or word.startswith("["):
            assert word.strip("[]") in usage, word


@pytest.mark.parametrize("name", NAMES)
def test_help_has_examples(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert f"Examples:\n  foremanctl {name}" in shown.output


@pytest.mark.parametrize("name", NAMES)
def test_every_command_knows_the_common_options(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    for option in ("--format", "--quiet", "--socket"):
        assert option in shown.output


def test_every_command_says_in_a_line_what_it_does() -> None:
    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    for name in NAMES:
        assert f"\n  {name} " in shown.output


@pytest.mark.parametrize("typed", ["lsit", "aprove", "wiat"])
def test_a_slip_is_answered_with_the_nearest_command(typed: str) -> None:
    shown = CliRunner().invoke(cli, [typed])
    assert shown.exit_code == 2
    assert "did you mean" in shown.output


@pytest.mark.parametrize(
    ("typed", "meant"), [("status", "list"), ("run", "submit"), ("rm", "cancel"), ("help", "--help"), ("12", "show 12")]
)
def test_what_other_programs_call_it_is_answered_with_ours(typed: str, meant: str) -> None:
    shown = CliRunner().invoke(cli, [typed])
    assert shown.exit_code == 2
    assert f"did you mean {meant!r}?" in shown.output
    assert {*_ELSEWHERE.values()} - {"--help"} <= {*NAMES}
    assert not {*_ELSEWHERE} & {*NAMES}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_three_shells(shell: str) -> None:
    shown = CliRunner().invoke(cli, ["completion", shell])
    assert shown.exit_code == 0
    assert "_FOREMANCTL_COMPLETE" in shown.output


def test_a_shell_is_told_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "foremanctl"],
        cwd=ROOT,
        env={"_FOREMANCTL_COMPLETE": "bash_complete", "COMP_WORDS": "foremanctl re", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    offered = [line.split("\t")[1] for line in done.stdout.splitlines()]
    assert offered == ["reject", "repin", "resume", "retry", "rework"]


def test_what_takes_long_to_import_is_left_until_it_is_needed() -> None:
    slow = {"grpc", "rich", "platformdirs"}
    code = f"import sys, foremanctl.cli, foremanctl.commands.check; print({slow} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "set()\n", done.stderr


def test_every_command_stands_in_one_section_of_the_help() -> None:
    assert sorted(name for section in SECTIONS.values() for name in section) == sorted(NAMES)
    shown = CliRunner().invoke(cli, ["--help"]).output
    assert [shown.index(f"\n{title}:\n") for title in SECTIONS] == sorted(shown.index(f"\n{t}:\n") for t in SECTIONS)
    for typed in FIRST:
        assert typed in shown


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_no_bounds_that_only_machines_care_for(name: str) -> None:
    assert "x>=" not in CliRunner().invoke(cli, [name, "--help"]).output
    assert "<=" not in CliRunner().invoke(cli, [name, "--help"]).output


@pytest.mark.parametrize(
    ("given", "words"), [("two", "whole number"), ("0", "0 is less than 1"), ("9" * 12, "is more")]
)
def test_a_number_that_will_not_do_is_told_why(given: str, words: str) -> None:
    shown = CliRunner().invoke(cli, ["logs", "12", "--attempt", given])
    assert shown.exit_code == 2
    assert words in shown.output
