"""Settings: who counts more, what a project may say, and the commands that read and write them."""

from __future__ import annotations

import math
import os
import subprocess
from pathlib import Path

import pytest

from inside import llmos
from llmos.interfaces.config_files import allow
from llmos.interfaces.settings import Settings, load_settings
from llmos.kernel.errors import UsageError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / ".llmos").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def user(text: str) -> Path:
    path = Path(os.environ["LLMOS_HOME"]) / "config/config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def shared(project: Path, text: str, *, allowed: bool = False, name: str = "config.toml") -> Path:
    path = project / ".llmos" / name
    path.write_text(text)
    if allowed:
        allow(path, text.encode())
    return path


def loaded(project: Path, **given: object) -> Settings:
    return load_settings(given, os.environ, project)


def test_flag_beats_environment_beats_local_beats_project_beats_user_beats_default(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loaded(project).max_turns is None
    user("max_turns = 50")
    assert loaded(project).max_turns == 50
    shared(project, "max_turns = 40")
    assert loaded(project).max_turns == 40
    shared(project, "max_turns = 30", name="config.local.toml")
    assert loaded(project).max_turns == 30
    monkeypatch.setenv("LLMOS_MAX_TURNS", "60")
    assert loaded(project).max_turns == 60
    assert loaded(project, max_turns=70).max_turns == 70


def test_lists_add_up_over_all_files(project: Path) -> None:
    user('[permissions]\ndeny = ["Bash(rm:*)"]\n')
    shared(project, '[permissions]\ndeny = ["Bash(curl:*)", "Bash(rm:*)"]\n')
    assert loaded(project, deny=["Read"]).deny == ("Bash(rm:*)", "Bash(curl:*)", "Read")


def test_nested_keys_have_two_underscores_in_the_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMOS_BUDGET__DAILY_USD", "0.25")
    assert loaded(project).daily_usd == 0.25
    monkeypatch.setenv("LLMOS_BUDGET__DALY_USD", "1")
    with pytest.raises(UsageError, match="LLMOS_BUDGET__DALY_USD") as error:
        loaded(project)
    assert "LLMOS_BUDGET__DAILY_USD" in error.value.hint


@pytest.mark.parametrize(
    ("text", "setting", "value"),
    [
        ("sandbox = true", "sandbox", True),
        ('guards = "strict"', "guards", "strict"),
        ('permission_mode = "plan"', "permission_mode", "plan"),
        ("[budget]\ndaily_usd = 0.5", "daily_usd", 0.5),
        ("[budget]\nrun_usd = 0.5", "max_budget_usd", 0.5),
        ("timeout_s = 10", "timeout_s", 10.0),
        ('[permissions]\nask = ["Bash(git push:*)"]', "ask", ("Bash(git push:*)",)),
    ],
)
def test_a_project_may_narrow(text: str, setting: str, value: object, project: Path) -> None:
    shared(project, text)
    settings = loaded(project)
    assert (getattr(settings, setting), settings.notices) == (value, ())


@pytest.mark.parametrize(
    ("text", "setting", "name"),
    [
        ("sandbox = false", "sandbox", "sandbox"),
        ('guards = "normal"', "guards", "guards"),
        ('permission_mode = "bypassPermissions"', "permission_mode", "permission_mode"),
        ("[budget]\ndaily_usd = inf", "daily_usd", "budget.daily_usd"),
        ("[budget]\nsession_usd = 5.01", "session_usd", "budget.session_usd"),
        ("[budget]\ntotal_usd = 1000", "budget_usd", "budget.total_usd"),
        ('model = "another"', "model", "model"),
        ('cli_path = "./claude"', "cli_path", "cli_path"),
        ('workspace = "elsewhere"', "workspace", "workspace"),
        ('[permissions]\nallow = ["Bash"]', "allow", "permissions.allow"),
        ('[profiles.x]\ncli_path = "./claude"', "cli_path", "cli_path"),
    ],
)
def test_a_project_may_widen_nothing_until_this_content_is_allowed(
    text: str, setting: str, name: str, project: Path
) -> None:
    user('sandbox = true\nguards = "strict"\nprofile = "x"\n[profiles.x]\n')
    before = getattr(loaded(project), setting)
    for file in ("config.toml", "config.local.toml"):
        path = shared(project, text, name=file)
        settings = loaded(project)
        assert getattr(settings, setting) == before
        (notice,) = settings.notices
        assert name in notice
        assert "llmos allow" in notice
        allow(path, text.encode())
        assert loaded(project).notices == ()
        assert getattr(loaded(project), setting) != before
        path.write_text(text + "\n# changed since\n")
        assert getattr(loaded(project), setting) == before
        path.unlink()


def test_what_is_allowed_in_one_place_is_not_allowed_in_another(
    project: Path, tmp_path: Path
) -> None:
    text = 'model = "another"'
    shared(project, text, allowed=True)
    assert loaded(project).model == "another"
    (tmp_path / "copy/.llmos").mkdir(parents=True)
    (tmp_path / "copy/.llmos/config.toml").write_text(text)
    assert loaded(tmp_path / "copy").model != "another"


def test_how_the_shell_looks_and_which_keys_it_has_is_the_users_own(project: Path) -> None:
    shared(project, "[shell]\nvi_mode = true\nconfirm_exit = false\n")
    settings = loaded(project)
    assert (settings.vi_mode, settings.confirm_exit) == (False, True)
    assert "shell.vi_mode = True" in settings.notices[0]


def test_the_files_of_a_repository_count_in_its_folders_and_others_above_do_not(
    project: Path,
) -> None:
    shared(project, "max_turns = 3")
    inner = project / "a/b"
    inner.mkdir(parents=True)
    assert loaded(inner).max_turns is None
    (project / ".git").mkdir()
    assert loaded(inner).max_turns == 3


def test_a_profile_is_chosen_by_flag_environment_or_user_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user('profile = "cheap"\nmax_turns = 9\n[profiles.cheap]\nmax_turns = 1\n'
         "[profiles.ci.budget]\ndaily_usd = 0.1\n")  # fmt: skip
    assert loaded(project).max_turns == 1
    monkeypatch.setenv("LLMOS_PROFILE", "ci")
    assert (loaded(project).max_turns, loaded(project).daily_usd) == (9, 0.1)
    assert loaded(project, profile="cheap").max_turns == 1
    with pytest.raises(UsageError, match="'cheep'") as error:
        loaded(project, profile="cheep")
    assert "cheap" in error.value.hint


def test_bare_reads_no_file_and_settings_one_more(project: Path, tmp_path: Path) -> None:
    user("max_turns = 9")
    shared(project, "max_turns = 8")
    extra = tmp_path / "extra.toml"
    extra.write_text('max_turns = 90\nmodel = "mine"')
    assert loaded(project, bare=True).max_turns is None
    settings = loaded(project, bare=True, settings=str(extra))
    assert (settings.max_turns, settings.model) == (90, "mine")


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("sandbx = true", "1: sandbx", "sandbox"),
        ("\n[budget]\ndailyusd = 3", "3: budget.dailyusd", "budget.daily_usd"),
        ("# x\n[budget]\n\ndaily_usd = '3'", "4: budget.daily_usd", ""),
        ("[budget]\nrun_usd = -1", "2: budget.run_usd", ""),
        ("max_turns = true", "1: max_turns", ""),
        ("budget = 3", "1: budget", ""),
        ("[profiles.a]\nmodle = 'x'", "2: profiles.a.modle", "model"),
        ("y = 1\nx = ?", "line 2", ""),
    ],
)
def test_a_broken_file_names_line_and_key(text: str, says: str, hint: str, project: Path) -> None:
    path = shared(project, text)
    with pytest.raises(UsageError) as error:
        loaded(project)
    assert str(path) in error.value.message
    assert says in error.value.message
    assert hint in error.value.hint
    done = llmos("config", "show")
    assert (done.code, done.out) == (2, "")


def test_infinite_caps_are_no_caps(project: Path) -> None:
    user("[budget]\ndaily_usd = inf")
    assert math.isinf(loaded(project).daily_usd)


def test_set_keeps_comments_and_get_gives_it_back(project: Path) -> None:
    path = user("# mine\n[budget]\nrun_usd = 1 # enough\n")
    assert llmos("config", "set", "budget.daily_usd", "3").code == 0
    assert path.read_text() == "# mine\n[budget]\nrun_usd = 1 # enough\ndaily_usd = 3\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert llmos("config", "get", "budget.daily_usd").out == "3.0\n"
    assert llmos("config", "get", "budget.daily_usd", "--json").json == 3.0
    assert llmos("config", "unset", "budget.daily_usd").code == 0
    assert path.read_text() == "# mine\n[budget]\nrun_usd = 1 # enough\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["set", "budget.daily_usd", "much"], "budget.daily_usd"),
        (["set", "permission_mode", "all"], "permission_mode"),
        (["set", "modle", "x"], "did you mean model?"),
        (["get", "nothing"], "nothing"),
        (["set", "model"], "needs KEY VALUE"),
        (["shw"], "did you mean llmos config show?"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    words: list[str], says: str, project: Path
) -> None:
    path = user("max_turns = 3\n")
    done = llmos("config", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert path.read_text() == "max_turns = 3\n"


def test_show_names_the_file_that_set_each_key(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = user("max_turns = 3\n")
    monkeypatch.setenv("LLMOS_BUDGET", "4")
    shown = llmos("config", "show", "--origin", "--json", "--model", "x").json
    assert shown["max_turns"] == {"value": 3, "origin": str(path)}
    assert shown["budget.total_usd"] == {"value": 4.0, "origin": "LLMOS_BUDGET"}
    assert shown["model"] == {"value": "x", "origin": "the command line"}
    assert shown["guards"] == {"value": "normal", "origin": "default"}
    lines = llmos("config", "show", "--origin").out.splitlines()
    assert lines[0].split() == ["KEY", "VALUE", "FROM"]
    assert [str(path)] == [line.split()[2] for line in lines if line.startswith("max_turns")]


def test_what_one_sets_for_oneself_in_a_project_counts_and_stays_out_of_its_repository(
    project: Path,
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    assert llmos("config", "set", "--local", "model", "mine").code == 0
    assert llmos("config", "set", "--local", "max_turns", "7").code == 0
    assert llmos("config", "get", "model").out == "mine\n"
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=project, capture_output=True, check=True
    )
    assert status.stdout == b""
    assert llmos("config", "path", "--local").out == f"{project}/.llmos/config.local.toml\n"


def test_setting_a_key_does_not_allow_what_came_with_the_project(project: Path) -> None:
    shared(project, 'cli_path = "./claude"\n')
    assert llmos("config", "set", "--project", "max_turns", "7").code == 0
    assert loaded(project).cli_path is None
    assert loaded(project).max_turns == 7


def test_allow_shows_what_would_widen_and_needs_a_yes(project: Path) -> None:
    shared(project, "max_turns = 3\n[budget]\nrun_usd = 99\n")
    asked = llmos("allow")
    assert asked.code == 3
    assert "budget.run_usd = 99.0" in asked.err
    assert "max_turns" not in asked.err
    assert loaded(project).max_budget_usd == 2.0
    assert llmos("allow", "--yes").code == 0
    assert loaded(project).max_budget_usd == 99.0
    assert "nothing" in llmos("allow").out
