"""The agent that is any program."""

import os

import pytest

from foremand.agents.command import OUTPUT_LIMIT, Command


@pytest.fixture
def launch(make_agent, make_job):
    agent = make_agent(adapter="command", command=("bash", "-c"), args=("true",), env=("KEY",))
    return Command().launch(agent, make_job(prompt="fix it"))


@pytest.fixture
def job(make_job):
    job = make_job()
    job.output.parent.mkdir(parents=True)
    return job


def read(job, *lines):
    reader = Command().reader(job)
    for line in lines:
        reader.feed(line)
    return reader


def test_the_prompt_comes_on_stdin_and_in_a_file(launch, make_job):
    job = make_job()
    assert launch.argv == ("bash", "-c", "true")
    assert launch.stdin == b"fix it"
    written = {file.path: file.data for file in launch.prepare}
    assert {str(path) for path in written} == {launch.env["FOREMAND_PROMPT_FILE"], str(job.output)}
    assert written[job.home / "tmp" / "prompt-3"] == b"fix it"
    assert written[job.output] == b"", "what an earlier attempt handed on is not handed on again"


def test_its_environment(launch, make_job):
    assert launch.env["FOREMAND_TASK"] == "12"
    assert launch.env["FOREMAND_STAGE"] == "implement"
    assert launch.env["FOREMAND_OUTPUT"] == str(make_job().output)
    assert "FOREMAND_ATTEMPT" not in launch.env, "the executor's marker, not ours"
    assert launch.credentials == ("KEY",)


@pytest.mark.parametrize(
    ("exit_code", "signal", "kind", "reason"),
    [
        (0, None, "done", "the command ended with exit code 0"),
        (1, None, "failed", "the command ended with exit code 1: oh no"),
        (126, None, "missing", "the agent's command is not executable (exit code 126): oh no"),
        (127, None, "missing", "the agent's command was not found (exit code 127): oh no"),
        (None, 9, "crashed", "the command was killed by SIGKILL: oh no"),
        (None, 250, "crashed", "the command was killed by signal 250: oh no"),
        (0, 15, "crashed", "the command was killed by SIGTERM: oh no"),
        (None, None, "failed", "the command ended, nobody knows how: oh no"),
    ],
)
def test_the_exit_code_is_the_outcome(job, exit_code, signal, kind, reason):
    outcome = read(job).finish(exit_code, signal, None, "trace\noh no\n")
    assert (outcome.kind, outcome.reason) == (kind, reason)


def test_we_stopped_it_whatever_it_says(job):
    outcome = read(job).finish(0, None, "cancelled by you", "")
    assert (outcome.kind, outcome.reason) == ("stopped", "cancelled by you")


def test_what_it_costs_is_unknown_not_zero(job):
    usage = read(job).finish(0, None, None, "").usage
    assert (usage.cost_usd, usage.bound_usd) == (None, None)


def test_it_hands_on_its_output_file(job):
    job.output.write_bytes(b"the plan\n")
    assert read(job, b"chatter").finish(0, None, None, "").output == "the plan"


def test_without_one_it_hands_on_the_end_of_stdout(job):
    assert read(job, b"a", b"b").finish(0, None, None, "").output == "a\nb"
    job.output.write_bytes(b"")
    assert read(job, b"a", b"b").finish(0, None, None, "").output == "a\nb"
    many = read(job, *[b"%06d" % number for number in range(50_000)])
    output = many.finish(0, None, None, "").output
    assert output.endswith("049999")
    assert OUTPUT_LIMIT - 10 < len(output) <= OUTPUT_LIMIT


def test_a_failure_says_the_end_of_the_output(job):
    assert read(job, b"2 tests failed").finish(3, None, None, "").reason.endswith("exit code 3: 2 tests failed")


def test_a_long_output_file_is_cut(job):
    job.output.write_bytes(b"x" * (OUTPUT_LIMIT + 5))
    assert len(read(job).finish(0, None, None, "").output) == OUTPUT_LIMIT


def test_the_output_file_is_not_read_through_a_link(job, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("what the agent may not read")
    job.output.symlink_to(secret)
    assert read(job, b"said").finish(0, None, None, "").output == "said"


def test_a_pipe_in_its_place_keeps_nobody_waiting(job):
    os.mkfifo(job.output)
    assert read(job, b"said").finish(0, None, None, "").output == "said"


def test_every_line_is_a_text_event(job):
    reader = Command().reader(job)
    assert [event.text for event in reader.feed(b"caf\xc3\xa9 \xff")] == ["café �"]
    assert len(reader.feed(b"x" * 1_000_000)[0].text) < 5000


def test_a_restored_reader_goes_on_exactly(job):
    reader = read(job, b"a", b"\xff")
    again = Command().reader(job, reader.state())
    again.feed(b"b")
    reader.feed(b"b")
    assert again.finish(1, None, None, "") == reader.finish(1, None, None, "")
    assert Command().reader(job, Command().reader(job).state()).finish(0, None, None, "").output == ""


def test_it_has_no_sessions(make_job):
    assert not Command().resumable(make_job().home, "any")
