"""What the user set: which of several wins, what is said of a wrong one, and that no wrong one is let through."""

from pathlib import Path
from typing import Any

import pytest

from foremand.core.spec import Floor, Limits
from foremand.settings import Account, Found, Notify, Settings, SettingsInvalid, read


def of(folder: Path, text: str = "", environ: dict[str, str] | None = None, **flags: Any) -> Found:
    (folder / "config.toml").write_text(text)
    return read(folder, environ or {}, flags)


def refused(folder: Path, text: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as invalid:
        of(folder, text, environ)
    return invalid.value.problems


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    found = read(tmp_path, {}, {"max_agents": None})
    assert found.settings == Settings()
    assert {setting.origin for setting in found.by_name.values()} == {"default"}
    assert list(found.by_name) == list(Settings.__struct_fields__)
    assert (found.by_name["keep"].value, found.by_name["max_agents"].value) == ("7d", 3)
    assert found.by_name["daily_cost_usd"].value is None


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = str(tmp_path / "config.toml")
    text, environ = (
        "max_agents = 4\nmax_gates = 4\nsandbox = 'off'",
        {"FOREMAND_MAX_AGENTS": "5", "FOREMAND_MAX_GATES": "5"},
    )
    found = of(tmp_path, text, environ, max_agents=6, sandbox=None)
    assert (found.settings.max_agents, found.settings.max_gates, found.settings.sandbox) == (6, 5, "off")
    origins = [found.by_name[name].origin for name in ("max_agents", "max_gates", "sandbox", "keep")]
    assert origins == ["--max-agents", "FOREMAND_MAX_GATES", file, "default"]


def test_every_key_of_the_file_is_read(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        """
        max_agents = 5
        max_gates = 2
        daily_cost_usd = 20
        keep = "14d"
        notify = ["notify-send", "foremand"]
        sandbox = "required"
        sandbox_hide = ["~/vault"]
        allow_cache = ["~/.cache/pip/", "~/.npm"]
        allow_inherit = ["~/src/shop"]
        [agents.claude]
        max_concurrent = 2
        billing = "subscription"
        [agents.other]
        [floor]
        gates = ["secrets"]
        limits = { cost_usd = 10, tokens = 5000000000, turns = 9, wall_clock = "2h", stall = "20m", attempts = 6 }
        """,
    )
    assert found.settings == Settings(
        max_agents=5,
        max_gates=2,
        daily_cost_usd=20.0,
        keep=14 * 86400.0,
        notify=Notify(command=("notify-send", "foremand")),
        sandbox="required",
        sandbox_hide=("~/vault",),
        allow_cache=("~/.cache/pip", "~/.npm"),
        allow_inherit=("~/src/shop",),
        agents={"claude": Account(max_concurrent=2, billing="subscription"), "other": Account()},
        floor=Floor(
            gates=("secrets",),
            limits=Limits(cost_usd=10.0, tokens=5_000_000_000, turns=9, wall_clock=7200.0, stall=1200.0, attempts=6),
        ),
    )
    assert found.by_name["keep"].value == "14d", "as it was written"


@pytest.mark.parametrize(
    ("written", "notify"),
    [
        ("'notify-send \"$FOREMAND_REASON\"'", Notify(command=("sh", "-c", 'notify-send "$FOREMAND_REASON"'))),
        ("'https://ntfy.sh/mine'", Notify(urls=("https://ntfy.sh/mine",))),
        ("['http://a/x', 'https://b/y']", Notify(urls=("http://a/x", "https://b/y"))),
        ("['curl', '-d@-', 'https://ntfy.sh/mine']", Notify(command=("curl", "-d@-", "https://ntfy.sh/mine"))),
        ("[]", Notify()),
    ],
)
def test_notify_is_a_command_or_urls(tmp_path: Path, written: str, notify: Notify) -> None:
    assert of(tmp_path, f"notify = {written}").settings.notify == notify
    assert bool(notify) is (written != "[]")


def test_the_environment_has_the_scalar_ones(tmp_path: Path) -> None:
    environ = {
        "FOREMAND_DAILY_COST_USD": "2.5",
        "FOREMAND_KEEP": "36h",
        "FOREMAND_NOTIFY": "mail me",
        "FOREMAND_SANDBOX": "off",
    }
    settings = of(tmp_path, "", environ).settings
    assert (settings.daily_cost_usd, settings.keep, settings.sandbox) == (2.5, 36 * 3600.0, "off")
    assert settings.notify.command == ("sh", "-c", "mail me")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("MAX_AGENTS", value) for value in ("0", "-1", "2.5", "many", "", "9999999999", "1e3", "٣")),
        *(("DAILY_COST_USD", value) for value in ("0", "-1", "nan", "inf", "$5")),
        *(("KEEP", value) for value in ("7", "0d", "7 d", "7w", "")),
        *(("SANDBOX", value) for value in ("on", "")),
        ("NOTIFY", " "),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str) -> None:
    assert refused(tmp_path, "", {f"FOREMAND_{name}": value})[0].startswith(f"FOREMAND_{name}: {name.lower()}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_agnts = 3", 'max_agnts: unknown key; did you mean "max_agents"?'),
        ("zzz = 3", "zzz: unknown key"),
        ("max_agents = '3'", 'max_agents: expected a whole number from 1 to 1000, got "3"'),
        ("max_gates = true", "max_gates: expected a whole number from 1 to 1000, got true"),
        ("daily_cost_usd = true", "daily_cost_usd: expected US dollars, a number above 0, got true"),
        ("daily_cost_usd = nan", "daily_cost_usd: expected US dollars, a number above 0, got NaN"),
        ("keep = 7", 'keep: expected a duration such as "90s", "45m", "2h" or "7d", got 7'),
        ("sandbox = false", 'sandbox: expected "auto" or "required" or "off", got false'),
        ("sandbox = ['auto']", 'sandbox: expected "auto" or "required" or "off", got ["auto"]'),
        ("sandbox_hide = '~/x'", 'sandbox_hide: expected a list of texts, got "~/x"'),
        ("notify = 3", "notify: expected a list of texts, got 3"),
        ("notify = ['https://x/y', 'mail']", "notify: a list holds either URLs alone or one command's words"),
        ("agents = 3", "agents: expected a table, got 3"),
        ("agents.claude = 3", "agents.claude: expected a table, got 3"),
        ("agents.claude.billing = 'free'", 'agents.claude.billing: expected "api" or "subscription", got "free"'),
        ("agents.claude.login = 'share'", "agents.claude.login: not in this version"),
        ("agents.'a b'.billing = 0", 'agents."a b".billing: expected "api" or "subscription", got 0'),
        ("floor.gate = ['x']", 'floor.gate: unknown key; did you mean "gates"?'),
        ("floor.limits.turn = 3", 'floor.limits.turn: unknown key; did you mean "turns"?'),
        ("floor.limits.turns = 0", "floor.limits.turns: expected a whole number from 1 to 1000000, got 0"),
        ("floor.limits.stall = 3", 'floor.limits.stall: expected a duration such as "90s", "45m", "2h" or "7d", got 3'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text) == (f"{tmp_path / 'config.toml'}: {said}",)


@pytest.mark.parametrize("path", ["/var/cache", "pip", "~", "~/", "~/..", "~/.cache/../.ssh", "~root/.cache", ""])
def test_a_cache_lies_below_the_home(tmp_path: Path, path: str) -> None:
    assert "allow_cache: expected" in refused(tmp_path, f"allow_cache = ['{path}']")[0]


def test_no_cache_lies_in_another(tmp_path: Path) -> None:
    said = refused(tmp_path, "allow_cache = ['~/.cache/pip/http', '~/.cache', '~/.cachet']")
    assert said[0].endswith('allow_cache: "~/.cache/pip/http" lies in another one that is named: name one of the two')


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, "max_agnts = 1\n[floor]\nx = 1\nlimits = { turns = 0 }", {"FOREMAND_SANDBOX": "no"})
    assert [line.split(": ")[1] for line in said] == ["max_agnts", "floor.x", "floor.limits.turns", "sandbox"]


@pytest.mark.parametrize(
    "text", ["max_agents =", "keep = '7d'\nkeep = '8d'", "keep = '7d", "\x00", "max_agents = " + "9" * 5000]
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text)[0].startswith(f"{tmp_path / 'config.toml'}: ")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(SettingsInvalid, match=r"config\.toml"):
        read(tmp_path, {}, {})
    (tmp_path / "config.toml").rmdir()
    (tmp_path / "config.toml").write_bytes(b"keep = '\xff'")
    with pytest.raises(SettingsInvalid, match=r"config\.toml"):
        read(tmp_path, {}, {})
