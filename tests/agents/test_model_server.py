"""The scripted model server keeps its promises; the tests that stand on it may believe it."""

import http.client
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from model_script import Cut, Error, Hang, Text, Tool, step_from
from model_server import ModelServer


def ask(url, prompt="hi", *, stream=True, path="/v1/messages"):
    """The text of an answer, or its events."""
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": prompt}]}
    request = urllib.request.Request(f"{url}{path}", json.dumps(body).encode(), {"x-api-key": "k"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        said = answer.read().decode()
    if not stream:
        return json.loads(said)
    return [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: ")]


def refused(url):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(url)
    with caught.value as error:
        return error.code, json.load(error)["error"]["type"], error.headers["retry-after"]


def test_steps_are_taken_in_order_and_then_there_are_no_more(model):
    url = model.script("s", [Tool("Bash", {"command": "ls"}, text="look"), Text("done", output_tokens=7)])
    types = [event["type"] for event in ask(url)]
    assert types[0] == "message_start"
    assert types[-2:] == ["message_delta", "message_stop"]
    assert types.count("content_block_stop") == 2
    assert ask(url)[-2]["usage"]["output_tokens"] == 7
    assert ask(url, stream=False)["content"] == [{"type": "text", "text": "[script exhausted]"}]


def test_errors_come_as_often_as_said(model):
    url = model.script("s", [Error(429, times=2, retry_after=3), Error(529), Text("ok")])
    assert refused(url) == refused(url) == (429, "rate_limit_error", "3")
    assert refused(url) == (529, "overloaded_error", None)
    assert ask(url)
    endless = model.script("e", [Error(500, times=None), Text("never")])
    assert {refused(endless) for _ in range(5)} == {(500, "api_error", None)}


def test_a_cut_breaks_the_stream(model):
    url = model.script("s", [Cut("half", after=0), Text("ok")])
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        ask(url)
    assert ask(url)


def test_a_hang_goes_on_when_released(model):
    url = model.script("s", [Hang("so far")])
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(url)))
    asking.start()
    (request,) = model.wait_requests(1, "s")
    assert request.closed is None
    model.release("s")
    asking.join(10)
    assert answers[0][-1]["type"] == "message_stop"
    assert model.requests("s")[0].closed is not None


def test_scripts_are_told_apart_and_open_requests_counted(model):
    urls = [model.script(f"s{number}", [Hang(), Text("again")]) for number in range(4)]
    asking = [threading.Thread(target=ask, args=(url, f"prompt of {url}")) for url in urls]
    for each in asking:
        each.start()
    model.wait_requests(4)
    for number in range(4):
        model.release(f"s{number}")
    for each in asking:
        each.join(10)
    assert (model.max_open, model.max_scripts) == (4, 4)
    ask(urls[0])
    assert (model.max_open, model.max_scripts) == (4, 4)
    assert [request.text for request in model.requests("s2")] == [f"prompt of {urls[2]}"]
    assert model.requests("s2")[0].headers["x-api-key"] == "k"


def test_a_step_may_look_at_the_request(model):
    url = model.script("s", [lambda request: Text(request.text.upper())])
    assert ask(url, "loud", stream=False)["content"][0]["text"] == "LOUD"


def test_waiting_for_a_request_that_never_comes_ends(model):
    with pytest.raises(TimeoutError, match="0 of 1"):
        model.wait_requests(1, "s", timeout=0.05)


def test_tokens_can_be_counted_and_nothing_else_is_there(model):
    url = model.script("s", [Text("unused")])
    assert ask(url, stream=False, path="/v1/messages/count_tokens") == {"input_tokens": 1000}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(url, path="/v1/unknown")
    assert model.requests() == []


@pytest.mark.parametrize(
    ("data", "step"),
    [
        ({"text": "a"}, Text("a")),
        ({"tool": "Bash", "input": {"command": "ls"}, "text": "a"}, Tool("Bash", {"command": "ls"}, text="a")),
        ({"error": 429, "times": 3, "retry_after": 1}, Error(429, times=3, retry_after=1)),
        ({"cut": "ha"}, Cut("ha")),
        ({"hang": ""}, Hang()),
    ],
)
def test_steps_can_be_written_as_json(data, step):
    assert step_from(data) == step


def test_what_is_no_step_is_refused():
    with pytest.raises(ValueError, match="not a step"):
        step_from({"says": "a"})
    with pytest.raises(TypeError):
        step_from({"text": "a", "delya": 1})


def test_it_runs_as_a_program(tmp_path):
    (tmp_path / "scripts.json").write_text('{"fix": [{"text": "hello"}]}')
    program = Path(sys.modules[ModelServer.__module__].__file__)
    command = [sys.executable, program, "--port", "0", tmp_path / "scripts.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip().removeprefix("ANTHROPIC_BASE_URL=")
            assert ask(url, stream=False)["content"][0]["text"] == "hello"
        finally:
            server.kill()
