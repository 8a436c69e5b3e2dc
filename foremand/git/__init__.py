"""The only place that calls git: mirrors, workspaces, seals, candidates, landing.

Agents decide what their trees hold, so nothing that content names is ever run here.
"""

from .attributes import filtered
from .branch import branch_for_person
from .candidate import Candidate, Conflict, StageCommit, build, unresolved
from .diff import change_id, changed_paths, diffstat, numstat, patch, touched
from .dotgit import keep_commits
from .errors import (
    Blocked,
    GitError,
    GitFailed,
    IdentityUnknown,
    NotLanded,
    NotPublished,
    RemoteUnreachable,
    RepositoryRefused,
    SigningFailed,
    TipMoved,
    Unreadable,
)
from .forecast import Side, forecast
from .ignored import free_paths, ignored_paths, work_in
from .interdiff import interdiff
from .land import land, prove
from .locks import Lock, OnLocks
from .mirror import Mirror
from .prompt import prompt_diff
from .publish import pull_request, push
from .remote import Upstream, upstream
from .run import Git, Result
from .scan_range import Added, added_lines, commits_between, message_of
from .seal import Seal, seal, seal_as_entered, snapshot
from .sign import signed
from .submodule_work import keep_submodule_work
from .user import Authorship, Identity, RepositoryInfo, heads, identity, inspect, signs, user_excludes
from .work import WorkRepo
from .workspace import BASE_REF, checkout, prepare, restore

__all__ = [
    "BASE_REF",
    "Added",
    "Authorship",
    "Blocked",
    "Candidate",
    "Conflict",
    "Git",
    "GitError",
    "GitFailed",
    "Identity",
    "IdentityUnknown",
    "Lock",
    "Mirror",
    "NotLanded",
    "NotPublished",
    "OnLocks",
    "RemoteUnreachable",
    "RepositoryInfo",
    "RepositoryRefused",
    "Result",
    "Seal",
    "Side",
    "SigningFailed",
    "StageCommit",
    "TipMoved",
    "Unreadable",
    "Upstream",
    "WorkRepo",
    "added_lines",
    "branch_for_person",
    "build",
    "change_id",
    "changed_paths",
    "checkout",
    "commits_between",
    "diffstat",
    "filtered",
    "forecast",
    "free_paths",
    "heads",
    "identity",
    "ignored_paths",
    "inspect",
    "interdiff",
    "keep_commits",
    "keep_submodule_work",
    "land",
    "message_of",
    "numstat",
    "patch",
    "prepare",
    "prompt_diff",
    "prove",
    "pull_request",
    "push",
    "restore",
    "seal",
    "seal_as_entered",
    "signed",
    "signs",
    "snapshot",
    "touched",
    "unresolved",
    "upstream",
    "user_excludes",
    "work_in",
]
