"""What holds for every command."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from foremanctl.cli import cli

ROOT = Path(__file__).parents[3]
NAMES = cli.list_commands(click.Context(cli))
ISSUE_2 = [
    "submit",
    "list",
    "show",
    "why",
    "logs",
    "diff",
    "events",
    "approve",
    "reject",
    "rework",
    "retry",
    "cancel",
    "wait",
    "check",
    "schema",
    "init",
    "doctor",
]


def test_the_commands_of_this_version_are_there() -> None:
    assert set(ISSUE_2) <= set(NAMES)


@pytest.mark.parametrize("name", ISSUE_2)
def test_help_has_examples_and_the_common_options(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert f"Examples:\n  foremanctl {name}" in shown.output
    for option in ("--format", "--quiet", "--socket"):
        assert option in shown.output


def test_every_command_says_in_a_line_what_it_does() -> None:
    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    for name in ISSUE_2:
        assert f"\n  {name} " in shown.output


@pytest.mark.parametrize("typed", ["lsit", "aprove", "wiat"])
def test_a_slip_is_answered_with_the_nearest_command(typed: str) -> None:
    shown = CliRunner().invoke(cli, [typed])
    assert shown.exit_code == 2
    assert "Did you mean" in shown.output


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
    assert [line.split(",")[1] for line in done.stdout.split()] == ["reject", "retry", "rework"]


def test_what_takes_long_to_import_is_left_until_it_is_needed() -> None:
    slow = {"grpc", "rich", "platformdirs"}
    code = f"import sys, foremanctl.cli, foremanctl.commands.check; print({slow} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "set()\n", done.stderr
