"""The user's own scanners, by a stand-in that speaks as they do: what is no clear answer is an error."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from foremand.gates.secrets import Added
from foremand.gates.secrets_outside import FOUND, Leak, OutsideFailed, leaks, scanners
from foremand.gates.secrets_worker import look

STAND_IN = """#!{python}
import json, sys
text = sys.stdin.read()
known = {flags!r}
for flag in sys.argv[2:]:
    if flag.partition("=")[0] not in known:
        sys.exit(126)
assert sys.argv[1] == "stdin"
{does}
"""

GITLEAKS = ["--no-banner", "--exit-code", "--ignore-gitleaks-allow", "--report-format", "--report-path"]
BETTERLEAKS = ["--no-banner", "--exit-code", "--ignore-allow-comments", "--report"]


@pytest.fixture
def stand_in(tmp_path: Path):
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(does: str, name: str = "gitleaks", flags: list[str] = GITLEAKS) -> str:
        program = folder / name
        program.write_text(STAND_IN.format(python=sys.executable, flags=flags, does=does))
        program.chmod(stat.S_IRWXU)
        return str(folder)

    return make


def answers(report: Any, code: int) -> str:
    said = report if isinstance(report, str) else json.dumps(report)
    return f"sys.stdout.write({said!r}); sys.exit({code})"


def ask(folder: str, tmp_path: Path, seconds: float = 20) -> list[Leak]:
    ((name, program),) = scanners(folder)
    return leaks(name, program, b"a line\n", tmp_path, seconds)


def test_what_is_not_installed_is_not_asked(tmp_path: Path) -> None:
    assert list(scanners(str(tmp_path))) == []
    assert list(scanners("")) == []


def test_it_reads_what_gitleaks_reports(stand_in, tmp_path: Path) -> None:
    folder = stand_in(answers([{"RuleID": "aws", "Secret": "s", "StartLine": 1}], FOUND))
    assert ask(folder, tmp_path) == [Leak("aws", "s")]


def test_it_reads_what_betterleaks_2_reports(stand_in, tmp_path: Path) -> None:
    does = answers([{"ruleID": "aws", "secret": "s", "location": {"startLine": 1}}], FOUND)
    assert ask(stand_in(does, "betterleaks", BETTERLEAKS), tmp_path) == [Leak("aws", "s")]


@pytest.mark.parametrize("report", ["[]", "null", " [ ]\n"])
def test_an_empty_report_says_that_there_is_none(stand_in, tmp_path: Path, report: str) -> None:
    assert ask(stand_in(answers(report, 0)), tmp_path) == []


@pytest.mark.parametrize(
    ("report", "code", "why"),
    [
        ([], 1, "exit code 1"),
        ([{"RuleID": "aws", "Secret": "hush"}], 1, "exit code 1"),
        ([{"RuleID": "aws", "Secret": "hush"}], 0, "contradicts"),
        ([], FOUND, "contradicts"),
        ([{"RuleID": "aws"}], FOUND, "contradicts"),
        ([{"Secret": "hush"}], FOUND, "contradicts"),
        ("", 0, "cannot be read"),
        ("no leaks found", 0, "cannot be read"),
        ('[{"Secret": "hush"', FOUND, "cannot be read"),
        ("{}", 0, "cannot be read"),
        ([], 2, "exit code 2"),
        ([], 127, "exit code 127"),
        ([], 126, "options"),
    ],
)
def test_what_is_no_answer_is_an_error_that_tells_nothing(
    stand_in, tmp_path: Path, report: Any, code: int, why: str
) -> None:
    with pytest.raises(OutsideFailed, match=why) as failed:
        ask(stand_in(answers(report, code)), tmp_path)
    assert "hush" not in repr(failed.value)
    assert failed.value.__cause__ is None


def test_a_killed_one_and_a_slow_one_and_one_that_cannot_run_are_errors(stand_in, tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed, match="exit code -9"):
        ask(stand_in("import os; os.kill(os.getpid(), 9)"), tmp_path)
    with pytest.raises(OutsideFailed, match="longer than"):
        ask(stand_in("import signal; signal.pause()"), tmp_path, 0.5)
    (tmp_path / "bin" / "gitleaks").write_bytes(b"\x7fELF nonsense")
    with pytest.raises(OutsideFailed, match="cannot be run"):
        ask(str(tmp_path / "bin"), tmp_path)


SEES = "found = [{'RuleID': rule, 'Secret': s} for rule, s in %r if s in text]; "
SEES += f"print(json.dumps(found)); sys.exit({FOUND} if found else 0)"


def lines(*texts: str, path: str = "a.txt") -> list[Added]:
    return [Added("c1", path, number, text) for number, text in enumerate(texts, 1)]


def test_its_findings_are_added_where_they_stand(stand_in, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = stand_in(SEES % [("odd", "hush hush"), ("two-lines", "and\nthen")])
    text = [*lines("x", "hush hush", "and", "then"), *lines("again: hush hush", path="b.txt")]
    answer = look(text, 20, folder)
    assert answer.scanners == ("detect-secrets", "gitleaks")
    assert [(each.path, each.line, each.kind) for each in answer.findings] == [
        ("a.txt", 2, "odd (gitleaks)"),
        ("b.txt", 1, "odd (gitleaks)"),
        ("a.txt", 3, "two-lines (gitleaks)"),
    ]
    assert "hush" not in repr(answer)


def test_a_secret_that_both_see_is_one(stand_in, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    token = "glpat-" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn"
    alone = look(lines(f"t = '{token}'"), 20, "").findings
    both = look(lines(f"t = '{token}'"), 20, stand_in(SEES % [("gitlab-pat", token)])).findings
    assert alone == both
    assert len(both) == 1


def test_what_it_decoded_is_found_all_the_same(stand_in, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = stand_in(f"print(json.dumps([{{'RuleID': 'r', 'Secret': 'decoded'}}])); sys.exit({FOUND})")
    (found,) = look(lines("x"), 20, folder).findings
    assert (found.path, found.line) == ("a.txt", 1)
    assert "line unknown" in found.kind


def test_its_guesses_do_not_count_in_lock_files(stand_in, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = stand_in(SEES % [("generic-api-key", "h1:abc"), ("gitlab-pat", "glp")])
    findings = look([*lines("h1:abc", path="go.sum"), *lines("glp", path="go.sum")], 20, folder).findings
    assert [each.kind for each in findings] == ["gitlab-pat (gitleaks)"]


def test_it_gets_the_lines_alone_in_a_place_without_settings(stand_in, tmp_path: Path, monkeypatch) -> None:
    """Neither a file of the change nor the environment may tell it what to leave out."""
    monkeypatch.setenv("GITLEAKS_CONFIG", "/etc/hostname")
    kept = tmp_path / "kept.json"
    place = tmp_path / "place"
    place.mkdir()
    does = (
        f"import os; open({str(kept)!r}, 'w').write(json.dumps([text, dict(os.environ), os.listdir('.')])); print('[]')"
    )
    monkeypatch.chdir(place)
    look([*lines("one", "two"), *lines("three", path=".gitleaks.toml")], 20, stand_in(does))
    text, environment, files = json.loads(kept.read_text())
    assert text == "one\ntwo\n\nthree"
    assert not [name for name in environment if "LEAKS" in name]
    assert files == []
