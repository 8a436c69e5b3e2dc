"""What no recording shows: odd lines, several messages at once, lost results, and how fast it goes."""

import json
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foremand.agents.claude_money import FAMILIES, HIGHEST, OPEN_MESSAGES, price_of
from foremand.agents.claude_stream import ClaudeReader
from foremand.agents.port import Job

EMPTY = ClaudeReader.begin(
    Job(
        prompt="",
        stage="plan",
        access="read",
        task=1,
        attempt=1,
        session_id="s",
        home=Path("/h"),
        output=Path("/h/out"),
        sandboxed=True,
    )
).state()


@pytest.fixture
def reader(make_job):
    return ClaudeReader.begin(make_job())


def line(**data):
    return json.dumps(data).encode()


def assistant(name, usage=(1000, 0, 0, 1), model="claude-sonnet-4-5", parent=None, text="hi"):
    counts = dict(
        zip(
            (
                "input_tokens",
                "cache_creation_input_tokens",
                "cache_read_input_tokens",
                "output_tokens",
            ),
            usage,
            strict=True,
        )
    )
    content = [{"type": "text", "text": text}]
    message = {"id": name, "model": model, "content": content, "usage": counts}
    return line(type="assistant", message=message, parent_tool_use_id=parent)


def result(total=0.5, since=None, **more):
    data = {"type": "result", "subtype": "success", "is_error": False, "result": "ok"} | more
    data["total_cost_usd"] = total
    if since is not None:
        data["model_usage_since_last_result"] = {"m": {"costUSD": since, "inputTokens": 10}}
    return line(**data)


ODD = [
    b"plain words",
    b"\xff\xfe not text",
    b"{",
    b"[]",
    b"null",
    b'{"type": 5}',
    b'{"type":"assistant"}',
    b'{"type":"assistant","message":"?"}',
    b'{"type":"result","errors":{"a":1}}',
    b'{"type":"result","total_cost_usd":"much"}',
    b'{"type":"system","subtype":"api_retry","attempt":"first"}',
    b"[" * 100_000,
    b'{"type":"user","message":{"content":[{"type":"tool_result","content":' + b"[" * 5000 + b"]" * 5000 + b"}]}}",
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_line_is_kept_as_a_notice_and_changes_nothing(reader, odd):
    before = reader.state()
    (event,) = reader.feed(odd)
    assert event.kind == "notice"
    assert event.text
    assert reader.state() == before


@pytest.mark.parametrize(
    "unknown",
    [
        b'{"type":"hologram","message":7}',
        b'{"type":"system","subtype":"new_thing","session_id":7}',
        b'{"type":"system","subtype":{"a":[1]}}',
        b'{"type":"stream_event","event":{"type":"ping"}}',
        b'{"no":"type"}',
        b"{}",
    ],
)
def test_what_a_later_release_adds_is_skipped(reader, unknown):
    assert reader.feed(unknown) == ()


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(), st.text().map(str.encode), st.sampled_from(ODD)))
def test_no_line_raises(data):
    ClaudeReader.restore(EMPTY).feed(data)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text(),
        lambda s: (
            st.dictionaries(
                st.sampled_from(
                    ["type", "subtype", "message", "content", "usage", "id", "event", "result", "input_tokens"]
                ),
                s,
            )
            | st.lists(s)
        ),
    )
)
def test_no_json_raises(data):
    for kind in ("assistant", "user", "result", "stream_event", "rate_limit_event"):
        whole = {**(data if isinstance(data, dict) else {"message": data}), "type": kind}
        ClaudeReader.restore(EMPTY).feed(json.dumps(whole).encode())


@pytest.mark.parametrize("moment", [-1, 1e300, 253402300800])
def test_a_limit_that_ends_at_no_time_is_not_believed(reader, moment):
    info = {"status": "rejected", "resetsAt": moment}
    (event,) = reader.feed(line(type="rate_limit_event", rate_limit_info=info))
    assert event.kind == "notice"
    assert "reset_at" not in event.data


def test_half_a_sign_does_not_lose_the_result(reader):
    """A text cut between the halves of a surrogate pair is legal in JavaScript's JSON, not in ours."""
    reader.feed(result(since=0.5, result="done \ud83d"))
    assert reader.finish(0, None, None, "").output == "done ?"


def test_the_type_need_not_come_first(reader):
    reader.feed(b'{"is_error":false,"total_cost_usd":0.1,"result":"ok","type":"result"}')
    assert reader.finish(0, None, None, "").kind == "done"


def test_a_result_that_does_not_say_is_an_error(reader):
    reader.feed(b'{"type":"result","subtype":"success","total_cost_usd":0.1,"result":"ok"}')
    assert reader.finish(0, None, None, "").kind == "failed"


def test_a_result_without_a_cost_leaves_it_unknown(reader):
    reader.feed(assistant("a"))
    reader.feed(b'{"type":"result","is_error":false,"result":"ok"}')
    usage = reader.finish(0, None, None, "").usage
    assert usage.cost_usd is None
    assert usage.bound_usd > 0


def test_lines_of_one_message_count_once(reader):
    for _ in range(3):
        reader.feed(assistant("a", (1000, 200, 30, 4)))
    reader.feed(assistant("b", (10, 0, 0, 1)))
    usage = reader.usage()
    assert (usage.tokens, usage.turns) == (1234 + 11, 2)


def test_a_subagents_messages_cost_but_are_no_turns(reader):
    reader.feed(assistant("a"))
    reader.feed(assistant("s", parent="toolu_1"))
    assert (reader.usage().turns, reader.usage().tokens) == (1, 2002)


def test_nothing_used_and_nothing_known_at_the_beginning(reader):
    assert reader.usage().cost_usd is None
    outcome = reader.finish(1, None, None, "boom\nlast words\n")
    assert outcome.usage.cost_usd is None
    assert outcome.reason == "claude ended with exit code 1 and left no result: last words"


def test_a_program_that_never_started_is_missing(reader):
    assert reader.finish(127, None, None, "claude: not found").kind == "missing"
    assert reader.finish(126, None, None, "").kind == "missing"


def test_the_session_is_the_one_asked_for_until_the_cli_says_otherwise(make_job):
    job = make_job(resume="earlier")
    assert ClaudeReader.begin(job).finish(1, None, None, "").session_id == "earlier"
    assert ClaudeReader.begin(make_job()).finish(1, None, None, "").session_id == job.session_id


@pytest.mark.parametrize(
    ("prior", "total", "since", "cost"),
    [
        (0.0, 0.5, 0.5, 0.5),
        (0.3, 0.5, 0.2, 0.2),
        (0.3, 0.5, None, 0.2),  # a CLI that does not tell the difference
        (0.3, 0.1, None, 0.1),  # its total began anew
        (0.3, 0.1, 0.1, 0.1),
    ],
)
def test_a_resumed_session_costs_the_difference(make_job, prior, total, since, cost):
    reader = ClaudeReader.begin(make_job(resume="s", prior_cost_usd=prior))
    reader.feed(result(total, since))
    outcome = reader.finish(0, None, None, "")
    assert outcome.usage.cost_usd == pytest.approx(cost)
    assert outcome.session_cost_usd == total


def test_a_turn_cut_off_after_a_result_makes_the_cost_unknown_again(reader):
    reader.feed(assistant("a"))
    reader.feed(result(0.5, 0.5))
    reader.feed(assistant("b"))
    outcome = reader.finish(None, 9, None, "")
    assert (outcome.kind, outcome.usage.cost_usd) == ("crashed", None)
    assert outcome.usage.estimate_usd > 0.5


def test_many_messages_at_once_stay_bounded_and_lose_nothing(reader):
    for number in range(1000):
        reader.feed(assistant(f"m{number}", (10, 0, 0, 1)))
    assert reader.usage().tokens == 11_000
    assert reader.usage().turns == 1000
    assert len(reader.state()) < 200 * OPEN_MESSAGES


def test_an_unknown_model_is_bounded_by_the_highest_price():
    assert price_of("claude-opus-9", None) is HIGHEST
    assert price_of("", None) is HIGHEST
    assert price_of("claude-sonnet-4-5-20250929", None) is FAMILIES[1][1]
    for _, price in FAMILIES:
        assert price.output < HIGHEST.output


@pytest.mark.parametrize(
    "given",
    ["[" * 500 + "]" * 500, "[" * 970 + "]" * 970, str(10**40), json.dumps({"todo": list(range(5000))}), "[1e300]"],
    ids=["deep", "deeper", "huge", "long", "far"],
)
def test_tool_input_of_any_shape_can_be_kept(reader, given):
    block = '{"type":"tool_use","id":"t","name":"X","input":' + given + "}"
    message = '{"type":"assistant","message":{"id":"a","model":"m","content":[' + block + "]}}"
    events = reader.feed(message.encode())
    assert [event.kind for event in events] in (["tool_call"], ["notice"])
    assert len(msgspec.json.encode(events)) < 10_000
    reader.state()


@pytest.mark.parametrize(
    "forged",
    [
        result(-5.0, 0.1),
        result(0.1, -5.0),
        result(1e30, 1e30),
        result(0.1, 0.1, session_id="--dangerously-skip-permissions"),
        result(0.1, 0.1, session_id="../../x"),
        line(type="system", subtype="init", session_id="*"),
        assistant("a", (-1000, 0, 0, 1)),
        assistant("a", (10**30, 0, 0, 1)),
        assistant("a" * 10_000),
    ],
    ids=range(9),
)
def test_forged_numbers_and_names_are_not_believed(reader, forged):
    reader.feed(assistant("before"))
    before = reader.state()
    (event,) = reader.feed(forged)
    assert event.kind == "notice"
    assert reader.state() == before


def test_long_tool_input_is_cut_in_events(reader):
    block = {"type": "tool_use", "id": "t", "name": "Write", "input": {"content": "x" * 1_000_000}}
    (event,) = reader.feed(line(type="assistant", message={"id": "a", "model": "m", "content": [block]}))
    assert len(event.data["input"]["content"]) < 5000


def delta(text):
    return (
        b'{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
        b'"text":"' + text + b'"}},"session_id":"987ee554-3d98-43b8-be43-9fdb57e7be10","parent_tool_use_id":null,'
        b'"uuid":"6907a74e-25b4-4c60-a49e-1b21a22d0735","api_message_id":"a"}'
    )


def test_an_answer_under_way_raises_the_bound_by_its_bytes(reader):
    reader.feed(assistant("a", text=""))
    before = reader.usage().estimate_usd
    assert reader.feed(delta(b"0123456789")) == ()
    after = reader.usage().estimate_usd
    assert after - before == pytest.approx((10 - 1) * 22.5 / 1e6)  # one output token was told already


def test_speed(reader):
    """Lines that matter to nobody go by at more than 100,000 a second, as tests/bench measures; asked here is a tenth
    of it, for a blunder shows on any machine, however busy."""
    reader.feed(assistant("a"))
    lines = [delta(b"some words of an answer"), b'{"type":"system","subtype":"status","status":"requesting"}'] * 20_000
    began = time.process_time()
    for each in lines:
        reader.feed(each)
    assert len(lines) / (time.process_time() - began) > 10_000


def replay(key, text="hi"):
    return line(type="user", message={"role": "user", "content": text}, uuid=key, isReplay=True)


def test_what_was_told_is_heard_when_it_comes_back_and_the_prompt_is_not_among_it(reader):
    assert reader.feed(replay("p", "the prompt")) == ()
    (event,) = reader.feed(replay("a", "look here"))
    assert (event.kind, event.text, event.data) == ("notice", "a person says: look here", {"heard": "a"})
    assert reader.feed(replay("a", "look here")) == ()
    reader.feed(line(type="user", message={"role": "user", "content": "synthetic"}, uuid="s"))
    reader = ClaudeReader.restore(reader.state())
    reader.feed(replay("b"))
    assert reader.heard() == ("a", "b")


def test_it_rests_between_turns(reader):
    assert not reader.rests()
    reader.feed(assistant("one"))
    assert not reader.rests()
    reader.feed(result())
    assert reader.rests()
    assert ClaudeReader.restore(reader.state()).rests()
    reader.feed(assistant("two"))
    assert not reader.rests()


@pytest.mark.parametrize("how", ["aborted_tools", "aborted_streaming"])
def test_one_that_was_interrupted_rests_until_it_hears_why(reader, how):
    reader.feed(replay("p", "the prompt"))
    reader.feed(assistant("one"))
    *_, event = reader.feed(result(0.1, 0.1, is_error=True, result=None, terminal_reason=how, errors=["[diagnostic]"]))
    assert (event.kind, event.text) == ("result", "interrupted")
    assert reader.rests()
    assert reader.finish(1, None, None, "").kind == "crashed"
    reader.feed(line(type="system", subtype="init", session_id="s"))
    reader.feed(replay("a", "look here"))
    assert not reader.rests(), "a turn has begun, though nothing is said in it yet"
    assert reader.finish(1, None, None, "").kind == "crashed"
    reader.feed(assistant("two"))
    reader.feed(result(0.3, 0.2))
    assert reader.rests()
    outcome = reader.finish(0, None, None, "")
    assert (outcome.kind, outcome.output, outcome.usage.cost_usd) == ("done", "ok", pytest.approx(0.3))


def asks(key="q", use="t", tool="Bash", **given):
    request = {"subtype": "can_use_tool", "tool_name": tool, "input": given, "tool_use_id": use}
    return line(type="control_request", request_id=key, request=request)


def tool_result(use):
    content = [{"type": "tool_result", "tool_use_id": use, "content": "done"}]
    return line(type="user", message={"role": "user", "content": content})


def test_a_question_stands_until_its_tool_was_used_or_it_is_withdrawn(reader):
    (event,) = reader.feed(asks("a", "t1", command="make\n# all", description="d"))
    assert event.data == {"question": "a"}
    reader.feed(asks("b", "t2", command="rm x"))
    reader = ClaudeReader.restore(reader.state())
    first, second = reader.questions()
    assert (first.key, first.tool, first.text) == ("a", "Bash", "make\n# all")
    assert first.digest != second.digest
    reader.feed(tool_result("t1"))
    assert [question.key for question in reader.questions()] == ["b"]
    reader.feed(line(type="control_cancel_request", request_id="b"))
    assert reader.questions() == ()


def test_the_same_use_has_the_same_digest_and_all_of_it_is_shown(reader):
    reader.feed(asks("a", command="make", run_in_background=True))
    reader.feed(asks("b", run_in_background=True, command="make"))
    reader.feed(asks("c", tool="Write", file_path="/x", content="y"))
    reader.feed(asks("d", command="x" * 100_000))
    one, other, written, long = reader.questions()
    assert one.digest == other.digest
    assert '"run_in_background": true' in one.text
    assert '"content": "y"' in written.text
    assert "84000 characters left out" in long.text
    assert [each.omitted for each in (one, other, written, long)] == [0, 0, 0, 84_000]


@pytest.mark.parametrize("subtype", ["hook_callback", "mcp_message", ""])
def test_other_requests_are_no_questions(reader, subtype):
    assert reader.feed(line(type="control_request", request_id="q", request={"subtype": subtype})) == ()
    assert reader.questions() == ()


def test_a_key_that_could_be_taken_for_an_argument_is_none(reader):
    reader.feed(asks("--allow ../x", command="make"))
    assert reader.questions() == ()
