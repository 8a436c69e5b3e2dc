"""The remote's tip comes into the mirror as the user's own git would fetch it; their repository is only read."""

import base64
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from foremand.git import RemoteUnreachable, RepositoryRefused, upstream
from foremand.git.remote import unsecret


@pytest.fixture
def remote(user, tmp_path, another):
    """A bare `origin` with main one commit ahead of the user's; what others do is done in a clone of it."""
    user.git("clone", "-q", "--bare", str(user.top), str(tmp_path / "origin.git"))
    user.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    user.git("clone", "-q", str(tmp_path / "origin.git"), str(tmp_path / "other"))
    other = another(tmp_path / "other")
    other.commit({"theirs.txt": "x"})
    other.git("push", "-q", "origin", "main")
    return other


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


async def test_the_remotes_tip_is_fetched_and_the_users_repository_only_read(user, mirror, work, remote):
    hook = script(user.top.parent / "hook", f"touch {user.top}/ran")
    user.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    (user.top / ".git" / "hooks").mkdir(exist_ok=True)
    os.symlink(hook, user.top / ".git" / "hooks" / "reference-transaction")
    before, local = user.traces(), user.head
    tip = await mirror.fetch_remote("main")
    assert tip == remote.head != local
    assert user.traces() == before and not (user.top / "ran").exists()
    assert await mirror.tip("main") == local, "the user's own branch is another thing"
    assert await mirror.read_file(tip, "theirs.txt") == b"x"
    assert await work.follows(tip, local) and not await work.follows(local, tip)
    await mirror.fetch()
    assert await mirror.fetch_remote("main") == tip


async def test_a_remote_that_was_forced_back_is_followed(user, mirror, work, remote):
    ahead = await mirror.fetch_remote("main")
    remote.git("push", "-q", "--force", "origin", f"{user.head}:main")
    behind = await mirror.fetch_remote("main")
    assert behind == user.head and not await work.follows(behind, ahead)


async def test_which_remote_and_branch_are_the_users(user, mirror, remote):
    assert str(await upstream(user.top, "main")) == "origin/main"
    remote.git("push", "-q", "origin", "main:refs/heads/topic/next")
    user.git("remote", "add", "work.place", str(user.top.parent / "origin.git"))
    user.git("config", "branch.main.remote", "work.place")
    user.git("config", "branch.main.merge", "refs/heads/topic/next")
    assert str(await upstream(user.top, "main")) == "work.place/topic/next"
    assert await mirror.fetch_remote("main") == remote.head
    user.git("config", "branch.main.remote", ".")
    assert str(await upstream(user.top, "main")) == "origin/main"
    user.git("config", "branch.main.remote", "../origin.git")
    assert (await upstream(user.top, "main")).branch == "topic/next"
    assert await mirror.fetch_remote("main") == remote.head


async def test_branches_whose_names_cannot_stand_beside_each_other(user, mirror, remote):
    remote.git("push", "-q", "origin", "main:refs/heads/a")
    assert await mirror.fetch_remote("a") == remote.head
    remote.git("push", "-q", "origin", ":refs/heads/a", "main:refs/heads/a/b")
    assert await mirror.fetch_remote("a/b") == remote.head


async def test_no_remote_and_no_branch_there_say_what_to_do(user, mirror, remote):
    with pytest.raises(RepositoryRefused, match="origin/nope does not exist") as caught:
        await mirror.fetch_remote("nope")
    assert caught.value.hint == "push it first: git push origin nope"
    user.git("remote", "remove", "origin")
    with pytest.raises(RepositoryRefused, match="no remote origin for main: git remote add origin"):
        await mirror.fetch_remote("main")


async def test_a_remote_that_is_gone(user, mirror, remote, tmp_path):
    (tmp_path / "origin.git").rename(tmp_path / "away")
    with pytest.raises(RemoteUnreachable, match="does not appear to be a git repository") as caught:
        await mirror.fetch_remote("main")
    assert "ls-remote origin" in caught.value.hint


async def test_by_ssh_with_the_command_that_the_repository_names(user, mirror, remote, tmp_path):
    """Neither the mirror's configuration nor the global one has it: it comes from the user's repository."""
    ssh = script(tmp_path / "ssh", f'echo "$1" > {tmp_path}/host; shift; exec sh -c "$*"')
    user.git("config", "core.sshCommand", str(ssh))
    user.git("config", "ssh.variant", "simple")
    user.git("config", "--global", f"url.git@example.org:{tmp_path}/.insteadOf", "work:")
    user.git("remote", "set-url", "origin", "work:origin.git")
    assert await mirror.fetch_remote("main") == remote.head
    assert (tmp_path / "host").read_text() == "git@example.org\n"


async def test_a_remote_that_does_not_answer_is_given_up_and_nobody_is_locked_out(user, mirror, tmp_path, life):
    user.git("config", "core.sshCommand", str(script(tmp_path / "ssh", f"exec 3>{life.path}; sleep 600")))
    user.git("remote", "add", "origin", "ssh://me:secret@example.org/x.git")
    with pytest.raises(RemoteUnreachable, match=r"origin \(ssh://example.org/x.git\) did not answer within 2 s"):
        await mirror.fetch_remote("main", seconds=2)
    assert life.over()
    await mirror.fetch()


class Refusing(BaseHTTPRequestHandler):
    """A server that takes nobody in, and remembers who came."""

    seen: list[tuple[str | None, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.headers["Authorization"], ",".join(self.headers.get_all("X-Own", []))))
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.end_headers()

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Refusing.seen = []
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def test_by_http_with_the_users_helper_and_never_a_prompt(user, mirror, server, tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    asked = script(tmp_path / "askpass", f"touch {tmp_path}/prompted; echo x")
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(asked))
    helper = script(tmp_path / "helper", f'echo $1 >> {tmp_path}/helped; printf "username=ada\\npassword=helped\\n"')
    user.git("config", "--global", "credential.helper", str(helper))
    user.git("config", "http.extraHeader", "X-Own: 1")
    user.git("config", "--global", "http.extraHeader", "X-Own: 0")
    url = f"http://127.0.0.1:{server.server_port}/x.git"
    user.git("remote", "add", "origin", url)
    with pytest.raises(RemoteUnreachable, match="Authentication failed"):
        await mirror.fetch_remote("main")
    helped = "Basic " + base64.b64encode(b"ada:helped").decode()
    assert Refusing.seen == [(None, "0,1"), (helped, "0,1")]
    assert (tmp_path / "helped").read_text().split() == ["get", "erase"]
    user.git("config", "--global", "--unset", "credential.helper")
    user.git("remote", "set-url", "origin", url.replace("//", "//ada:s3cret@"))
    with pytest.raises(RemoteUnreachable) as caught:
        await mirror.fetch_remote("main")
    assert "s3cret" not in str(caught.value) and "ada" not in caught.value.reason.replace("/x.git", "")
    user.git("remote", "set-url", "origin", url)
    with pytest.raises(RemoteUnreachable, match="could not read Username"):
        await mirror.fetch_remote("main")
    assert not (tmp_path / "prompted").exists()


def test_no_password_is_named():
    assert unsecret("fatal: 'https://me:p@ss@host/x' and ssh://git@h/y") == "fatal: 'https://host/x' and ssh://h/y"
    assert unsecret("git@github.com:me/x.git at 3") == "git@github.com:me/x.git at 3"
