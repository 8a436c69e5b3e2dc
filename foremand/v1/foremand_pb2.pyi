from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TaskState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_STATE_UNSPECIFIED: _ClassVar[TaskState]
    QUEUED: _ClassVar[TaskState]
    RUNNING: _ClassVar[TaskState]
    WAITING: _ClassVar[TaskState]
    LANDING: _ClassVar[TaskState]
    LANDED: _ClassVar[TaskState]
    REJECTED: _ClassVar[TaskState]
    FAILED: _ClassVar[TaskState]
    CANCELLED: _ClassVar[TaskState]
TASK_STATE_UNSPECIFIED: TaskState
QUEUED: TaskState
RUNNING: TaskState
WAITING: TaskState
LANDING: TaskState
LANDED: TaskState
REJECTED: TaskState
FAILED: TaskState
CANCELLED: TaskState

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ServerInfo(_message.Message):
    __slots__ = ("version", "api_revision", "pid", "state_dir", "started_at", "sandboxed", "sandbox_reason", "max_agents", "running_agents", "max_gates", "spent_usd", "daily_cost_usd")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    API_REVISION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    STATE_DIR_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    SANDBOXED_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_REASON_FIELD_NUMBER: _ClassVar[int]
    MAX_AGENTS_FIELD_NUMBER: _ClassVar[int]
    RUNNING_AGENTS_FIELD_NUMBER: _ClassVar[int]
    MAX_GATES_FIELD_NUMBER: _ClassVar[int]
    SPENT_USD_FIELD_NUMBER: _ClassVar[int]
    DAILY_COST_USD_FIELD_NUMBER: _ClassVar[int]
    version: str
    api_revision: int
    pid: int
    state_dir: str
    started_at: str
    sandboxed: bool
    sandbox_reason: str
    max_agents: int
    running_agents: int
    max_gates: int
    spent_usd: float
    daily_cost_usd: float
    def __init__(self, version: _Optional[str] = ..., api_revision: _Optional[int] = ..., pid: _Optional[int] = ..., state_dir: _Optional[str] = ..., started_at: _Optional[str] = ..., sandboxed: _Optional[bool] = ..., sandbox_reason: _Optional[str] = ..., max_agents: _Optional[int] = ..., running_agents: _Optional[int] = ..., max_gates: _Optional[int] = ..., spent_usd: _Optional[float] = ..., daily_cost_usd: _Optional[float] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("cost_usd", "turns", "wall_clock", "attempts", "tokens", "stall")
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    TURNS_FIELD_NUMBER: _ClassVar[int]
    WALL_CLOCK_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    STALL_FIELD_NUMBER: _ClassVar[int]
    cost_usd: float
    turns: int
    wall_clock: float
    attempts: int
    tokens: int
    stall: float
    def __init__(self, cost_usd: _Optional[float] = ..., turns: _Optional[int] = ..., wall_clock: _Optional[float] = ..., attempts: _Optional[int] = ..., tokens: _Optional[int] = ..., stall: _Optional[float] = ...) -> None: ...

class SubmitTaskRequest(_message.Message):
    __slots__ = ("request_id", "title", "prompt", "repo", "into", "pipeline_file", "environment", "limits", "profile", "after", "priority")
    class EnvironmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    REPO_FIELD_NUMBER: _ClassVar[int]
    INTO_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FILE_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    title: str
    prompt: str
    repo: str
    into: str
    pipeline_file: str
    environment: _containers.ScalarMap[str, str]
    limits: Limits
    profile: str
    after: _containers.RepeatedScalarFieldContainer[int]
    priority: int
    def __init__(self, request_id: _Optional[str] = ..., title: _Optional[str] = ..., prompt: _Optional[str] = ..., repo: _Optional[str] = ..., into: _Optional[str] = ..., pipeline_file: _Optional[str] = ..., environment: _Optional[_Mapping[str, str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., profile: _Optional[str] = ..., after: _Optional[_Iterable[int]] = ..., priority: _Optional[int] = ...) -> None: ...

class Gate(_message.Message):
    __slots__ = ("name", "kind", "stage", "verdict", "revision", "reason", "advisory", "flaky", "output", "paths")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ADVISORY_FIELD_NUMBER: _ClassVar[int]
    FLAKY_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    stage: str
    verdict: str
    revision: str
    reason: str
    advisory: bool
    flaky: bool
    output: str
    paths: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., stage: _Optional[str] = ..., verdict: _Optional[str] = ..., revision: _Optional[str] = ..., reason: _Optional[str] = ..., advisory: _Optional[bool] = ..., flaky: _Optional[bool] = ..., output: _Optional[str] = ..., paths: _Optional[_Iterable[str]] = ...) -> None: ...

class Overlap(_message.Message):
    __slots__ = ("id", "title", "files", "conflicts")
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    CONFLICTS_FIELD_NUMBER: _ClassVar[int]
    id: int
    title: str
    files: _containers.RepeatedScalarFieldContainer[str]
    conflicts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[int] = ..., title: _Optional[str] = ..., files: _Optional[_Iterable[str]] = ..., conflicts: _Optional[_Iterable[str]] = ...) -> None: ...

class Question(_message.Message):
    __slots__ = ("key", "tool", "text", "attempt", "asked_at", "omitted")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ASKED_AT_FIELD_NUMBER: _ClassVar[int]
    OMITTED_FIELD_NUMBER: _ClassVar[int]
    key: str
    tool: str
    text: str
    attempt: int
    asked_at: str
    omitted: int
    def __init__(self, key: _Optional[str] = ..., tool: _Optional[str] = ..., text: _Optional[str] = ..., attempt: _Optional[int] = ..., asked_at: _Optional[str] = ..., omitted: _Optional[int] = ...) -> None: ...

class Task(_message.Message):
    __slots__ = ("id", "title", "repo", "branch", "into", "profile", "state", "reason", "stage", "attempt", "revision", "landed_commit", "cost_usd", "tokens", "created_at", "updated_at", "gates", "unsandboxed", "files", "added", "removed", "stages", "waiting_for", "overlaps", "workspace", "queue_position", "priority", "after", "raised_by", "questions")
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    REPO_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    INTO_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    LANDED_COMMIT_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    UNSANDBOXED_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_FIELD_NUMBER: _ClassVar[int]
    OVERLAPS_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    RAISED_BY_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    id: int
    title: str
    repo: str
    branch: str
    into: str
    profile: str
    state: TaskState
    reason: str
    stage: str
    attempt: int
    revision: str
    landed_commit: str
    cost_usd: float
    tokens: int
    created_at: str
    updated_at: str
    gates: _containers.RepeatedCompositeFieldContainer[Gate]
    unsandboxed: bool
    files: int
    added: int
    removed: int
    stages: _containers.RepeatedScalarFieldContainer[str]
    waiting_for: str
    overlaps: _containers.RepeatedCompositeFieldContainer[Overlap]
    workspace: str
    queue_position: int
    priority: int
    after: _containers.RepeatedScalarFieldContainer[int]
    raised_by: _containers.RepeatedScalarFieldContainer[str]
    questions: _containers.RepeatedCompositeFieldContainer[Question]
    def __init__(self, id: _Optional[int] = ..., title: _Optional[str] = ..., repo: _Optional[str] = ..., branch: _Optional[str] = ..., into: _Optional[str] = ..., profile: _Optional[str] = ..., state: _Optional[_Union[TaskState, str]] = ..., reason: _Optional[str] = ..., stage: _Optional[str] = ..., attempt: _Optional[int] = ..., revision: _Optional[str] = ..., landed_commit: _Optional[str] = ..., cost_usd: _Optional[float] = ..., tokens: _Optional[int] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ..., gates: _Optional[_Iterable[_Union[Gate, _Mapping]]] = ..., unsandboxed: _Optional[bool] = ..., files: _Optional[int] = ..., added: _Optional[int] = ..., removed: _Optional[int] = ..., stages: _Optional[_Iterable[str]] = ..., waiting_for: _Optional[str] = ..., overlaps: _Optional[_Iterable[_Union[Overlap, _Mapping]]] = ..., workspace: _Optional[str] = ..., queue_position: _Optional[int] = ..., priority: _Optional[int] = ..., after: _Optional[_Iterable[int]] = ..., raised_by: _Optional[_Iterable[str]] = ..., questions: _Optional[_Iterable[_Union[Question, _Mapping]]] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("stage", "number", "agent", "outcome", "exit_code", "session_id", "revision", "cost_usd", "tokens", "turns", "started_at", "ended_at", "reason", "gate", "by", "output")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    TURNS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    stage: str
    number: int
    agent: str
    outcome: str
    exit_code: int
    session_id: str
    revision: str
    cost_usd: float
    tokens: int
    turns: int
    started_at: str
    ended_at: str
    reason: str
    gate: str
    by: str
    output: str
    def __init__(self, stage: _Optional[str] = ..., number: _Optional[int] = ..., agent: _Optional[str] = ..., outcome: _Optional[str] = ..., exit_code: _Optional[int] = ..., session_id: _Optional[str] = ..., revision: _Optional[str] = ..., cost_usd: _Optional[float] = ..., tokens: _Optional[int] = ..., turns: _Optional[int] = ..., started_at: _Optional[str] = ..., ended_at: _Optional[str] = ..., reason: _Optional[str] = ..., gate: _Optional[str] = ..., by: _Optional[str] = ..., output: _Optional[str] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("gate", "decision", "revision", "by", "at", "message")
    GATE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    gate: str
    decision: str
    revision: str
    by: str
    at: str
    message: str
    def __init__(self, gate: _Optional[str] = ..., decision: _Optional[str] = ..., revision: _Optional[str] = ..., by: _Optional[str] = ..., at: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class TaskDetail(_message.Message):
    __slots__ = ("task", "prompt", "attempts", "approvals", "base", "pipeline_hash", "pipeline_origin", "feedback", "notes", "limits", "worst_case")
    TASK_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_HASH_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    WORST_CASE_FIELD_NUMBER: _ClassVar[int]
    task: Task
    prompt: str
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    base: str
    pipeline_hash: str
    pipeline_origin: str
    feedback: str
    notes: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    worst_case: WorstCase
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ..., prompt: _Optional[str] = ..., attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., base: _Optional[str] = ..., pipeline_hash: _Optional[str] = ..., pipeline_origin: _Optional[str] = ..., feedback: _Optional[str] = ..., notes: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., worst_case: _Optional[_Union[WorstCase, _Mapping]] = ...) -> None: ...

class WorstCase(_message.Message):
    __slots__ = ("agent_runs", "cost_usd")
    AGENT_RUNS_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    agent_runs: int
    cost_usd: float
    def __init__(self, agent_runs: _Optional[int] = ..., cost_usd: _Optional[float] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class ListTasksRequest(_message.Message):
    __slots__ = ("states", "repo", "all", "page_size", "page_token")
    STATES_FIELD_NUMBER: _ClassVar[int]
    REPO_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    states: _containers.RepeatedScalarFieldContainer[TaskState]
    repo: str
    all: bool
    page_size: int
    page_token: str
    def __init__(self, states: _Optional[_Iterable[_Union[TaskState, str]]] = ..., repo: _Optional[str] = ..., all: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTasksResponse(_message.Message):
    __slots__ = ("tasks", "next_page_token")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    next_page_token: str
    def __init__(self, tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExplainTaskRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("task", "lines", "commands")
    TASK_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    task: Task
    lines: _containers.RepeatedScalarFieldContainer[str]
    commands: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ..., lines: _Optional[_Iterable[str]] = ..., commands: _Optional[_Iterable[str]] = ...) -> None: ...

class ApproveTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "gate", "revision", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    gate: str
    revision: str
    message: str
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., gate: _Optional[str] = ..., revision: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class AnswerTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "message", "revision")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    message: str
    revision: str
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., message: _Optional[str] = ..., revision: _Optional[str] = ...) -> None: ...

class RetryTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "stage", "gate", "fresh", "message", "agent")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    FRESH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    stage: str
    gate: str
    fresh: bool
    message: str
    agent: str
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., stage: _Optional[str] = ..., gate: _Optional[str] = ..., fresh: _Optional[bool] = ..., message: _Optional[str] = ..., agent: _Optional[str] = ...) -> None: ...

class WaiveTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "gate", "message", "revision")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    gate: str
    message: str
    revision: str
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., gate: _Optional[str] = ..., message: _Optional[str] = ..., revision: _Optional[str] = ...) -> None: ...

class TaskRequest(_message.Message):
    __slots__ = ("request_id", "id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ...) -> None: ...

class SendTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "text", "interrupt")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    INTERRUPT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    text: str
    interrupt: bool
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., text: _Optional[str] = ..., interrupt: _Optional[bool] = ...) -> None: ...

class SendTaskResponse(_message.Message):
    __slots__ = ("task", "when")
    TASK_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    task: Task
    when: str
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ..., when: _Optional[str] = ...) -> None: ...

class AnswerQuestionRequest(_message.Message):
    __slots__ = ("request_id", "id", "question", "allow", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    question: str
    allow: bool
    message: str
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., question: _Optional[str] = ..., allow: _Optional[bool] = ..., message: _Optional[str] = ...) -> None: ...

class GiveTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "message", "rework")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REWORK_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    message: str
    rework: bool
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., message: _Optional[str] = ..., rework: _Optional[bool] = ...) -> None: ...

class CheckoutTaskResponse(_message.Message):
    __slots__ = ("task", "branch", "revision")
    TASK_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    task: Task
    branch: str
    revision: str
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ..., branch: _Optional[str] = ..., revision: _Optional[str] = ...) -> None: ...

class CancelTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "message")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    message: str
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class LimitTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "limits")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    limits: Limits
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class PrioritizeTaskRequest(_message.Message):
    __slots__ = ("request_id", "id", "priority")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: int
    priority: int
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[int] = ..., priority: _Optional[int] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("after", "task", "agent_events")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    AGENT_EVENTS_FIELD_NUMBER: _ClassVar[int]
    after: int
    task: int
    agent_events: bool
    def __init__(self, after: _Optional[int] = ..., task: _Optional[int] = ..., agent_events: _Optional[bool] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("seq", "at", "task", "type", "data", "attempt")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    seq: int
    at: str
    task: int
    type: str
    data: bytes
    attempt: int
    def __init__(self, seq: _Optional[int] = ..., at: _Optional[str] = ..., task: _Optional[int] = ..., type: _Optional[str] = ..., data: _Optional[bytes] = ..., attempt: _Optional[int] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("cursor", "snapshot", "events", "tasks")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    snapshot: _containers.RepeatedCompositeFieldContainer[Task]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    def __init__(self, cursor: _Optional[int] = ..., snapshot: _Optional[_Iterable[_Union[Task, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("id", "attempt", "before", "after", "page_size")
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    id: int
    attempt: int
    before: int
    after: int
    page_size: int
    def __init__(self, id: _Optional[int] = ..., attempt: _Optional[int] = ..., before: _Optional[int] = ..., after: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "more", "cursor")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    more: bool
    cursor: int
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., more: _Optional[bool] = ..., cursor: _Optional[int] = ...) -> None: ...

class ReadLogRequest(_message.Message):
    __slots__ = ("id", "attempt", "stage", "gate", "setup", "raw", "follow", "errors")
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    SETUP_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    id: int
    attempt: int
    stage: str
    gate: str
    setup: bool
    raw: bool
    follow: bool
    errors: bool
    def __init__(self, id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[str] = ..., gate: _Optional[str] = ..., setup: _Optional[bool] = ..., raw: _Optional[bool] = ..., follow: _Optional[bool] = ..., errors: _Optional[bool] = ...) -> None: ...

class LogChunk(_message.Message):
    __slots__ = ("data", "offset", "attempt")
    DATA_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    offset: int
    attempt: int
    def __init__(self, data: _Optional[bytes] = ..., offset: _Optional[int] = ..., attempt: _Optional[int] = ...) -> None: ...

class GetDiffRequest(_message.Message):
    __slots__ = ("id", "attempt", "stat", "since_approval", "since")
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAT_FIELD_NUMBER: _ClassVar[int]
    SINCE_APPROVAL_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    id: int
    attempt: int
    stat: bool
    since_approval: bool
    since: str
    def __init__(self, id: _Optional[int] = ..., attempt: _Optional[int] = ..., stat: _Optional[bool] = ..., since_approval: _Optional[bool] = ..., since: _Optional[str] = ...) -> None: ...

class GetQueueRequest(_message.Message):
    __slots__ = ("repo",)
    REPO_FIELD_NUMBER: _ClassVar[int]
    repo: str
    def __init__(self, repo: _Optional[str] = ...) -> None: ...

class GetQueueResponse(_message.Message):
    __slots__ = ("tasks",)
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    def __init__(self, tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ...) -> None: ...

class GetCostsRequest(_message.Message):
    __slots__ = ("since", "by")
    SINCE_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    since: float
    by: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, since: _Optional[float] = ..., by: _Optional[_Iterable[str]] = ...) -> None: ...

class Cost(_message.Message):
    __slots__ = ("day", "agent", "repo", "task", "cost_usd", "known_usd", "tokens", "attempts", "unknown")
    DAY_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    REPO_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    KNOWN_USD_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    day: str
    agent: str
    repo: str
    task: int
    cost_usd: float
    known_usd: float
    tokens: int
    attempts: int
    unknown: int
    def __init__(self, day: _Optional[str] = ..., agent: _Optional[str] = ..., repo: _Optional[str] = ..., task: _Optional[int] = ..., cost_usd: _Optional[float] = ..., known_usd: _Optional[float] = ..., tokens: _Optional[int] = ..., attempts: _Optional[int] = ..., unknown: _Optional[int] = ...) -> None: ...

class GetCostsResponse(_message.Message):
    __slots__ = ("costs",)
    COSTS_FIELD_NUMBER: _ClassVar[int]
    costs: _containers.RepeatedCompositeFieldContainer[Cost]
    def __init__(self, costs: _Optional[_Iterable[_Union[Cost, _Mapping]]] = ...) -> None: ...

class PruneRequest(_message.Message):
    __slots__ = ("request_id", "dry_run")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    dry_run: bool
    def __init__(self, request_id: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class Pruned(_message.Message):
    __slots__ = ("task", "what", "path", "bytes")
    TASK_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    task: int
    what: str
    path: str
    bytes: int
    def __init__(self, task: _Optional[int] = ..., what: _Optional[str] = ..., path: _Optional[str] = ..., bytes: _Optional[int] = ...) -> None: ...

class PruneResponse(_message.Message):
    __slots__ = ("pruned", "keep")
    PRUNED_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    pruned: _containers.RepeatedCompositeFieldContainer[Pruned]
    keep: float
    def __init__(self, pruned: _Optional[_Iterable[_Union[Pruned, _Mapping]]] = ..., keep: _Optional[float] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class VerifyFinding(_message.Message):
    __slots__ = ("task", "ok", "check", "detail")
    TASK_FIELD_NUMBER: _ClassVar[int]
    OK_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    task: int
    ok: bool
    check: str
    detail: str
    def __init__(self, task: _Optional[int] = ..., ok: _Optional[bool] = ..., check: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class ExportChunk(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class DiffChunk(_message.Message):
    __slots__ = ("data", "base", "revision")
    DATA_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    base: str
    revision: str
    def __init__(self, data: _Optional[bytes] = ..., base: _Optional[str] = ..., revision: _Optional[str] = ...) -> None: ...
