"""Writing where an agent has had its hands: never through links, never half."""

from pathlib import Path

import pytest

from foremand.engine.inside import LinkInTheWay, inside, write_new


def test_a_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    home, secret = tmp_path / "home", tmp_path / "secret"
    home.mkdir()
    secret.mkdir()
    (home / "tmp").symlink_to(secret)
    with pytest.raises(LinkInTheWay):
        write_new(home, home / "tmp" / "prompt-1", b"text")
    with pytest.raises(LinkInTheWay):
        inside(home, "../secret/file")
    assert list(secret.iterdir()) == []


def test_a_link_in_the_file_s_own_place_is_replaced(tmp_path: Path) -> None:
    home, secret = tmp_path / "home", tmp_path / "secret"
    home.mkdir()
    secret.write_text("mine")
    for name in ("prompt", "prompt.new", "output"):
        (home / name).symlink_to(secret)
    write_new(home, home / "prompt", b"text")
    write_new(home, home / "output", b"")
    assert (home / "prompt").read_bytes() == b"text"
    assert (home / "output").read_bytes() == b""
    assert not (home / "output").is_symlink()
    assert secret.read_text() == "mine"


def test_who_has_opened_the_file_reads_it_whole_and_what_a_run_has_written_stays(tmp_path: Path) -> None:
    prompt, output = tmp_path / "prompt", tmp_path / "output"
    write_new(tmp_path, prompt, b"text")
    with prompt.open("rb") as reading:
        write_new(tmp_path, prompt, b"text")
        assert reading.read() == b"text"
    write_new(tmp_path, output, b"")
    output.write_bytes(b"said")
    write_new(tmp_path, output, b"")
    assert output.read_bytes() == b"said"
