"""Settings: good values are read, bad ones are refused with the name of the variable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from server.settings import Settings, SettingsError


def load(tmp_path: Path, **variables: str) -> Settings:
    return Settings.load({"GUICHENG_DATA_DIR": str(tmp_path / "data")} | variables)


def test_defaults_are_safe_and_lie_in_the_data_folder(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/data/guicheng.db"
    assert settings.secure_cookies
    assert not settings.demo
    assert settings.language == "zh-CN"
    assert settings.max_upload_bytes == 50 * 1024 * 1024
    assert settings.timezone.key == "Asia/Shanghai"


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert len(first.secret) >= 32
    assert first.secret == second.secret
    assert stat.S_IMODE((tmp_path / "data/secret").stat().st_mode) == 0o600


def test_neither_secret_nor_database_password_reaches_a_log(tmp_path: Path) -> None:
    settings = load(tmp_path, GUICHENG_DATABASE_URL="postgresql+psycopg://u:hidden-password@h/d")
    assert settings.secret not in repr(settings)
    assert "hidden-password" not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, GUICHENG_DATABASE_URL="postgres://u:hidden-password@h/d")
    assert "hidden-password" not in str(refused.value)


def test_a_demo_speaks_plain_http(tmp_path: Path) -> None:
    assert not load(tmp_path, GUICHENG_DEMO="true").secure_cookies
    assert load(tmp_path, GUICHENG_DEMO="true", GUICHENG_SECURE_COOKIES="yes").secure_cookies


def test_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, GUICHENG_SESSION_HOURS=" ").session_hours == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUICHENG_DATABASE_URL", "mysql://h/d"),
        ("GUICHENG_DATABASE_URL", "sqlite:///:memory:"),
        ("GUICHENG_DATABASE_URL", "sqlite:///"),
        ("GUICHENG_SECRET", "short"),
        ("GUICHENG_MAX_UPLOAD_MIB", "0"),
        ("GUICHENG_MAX_UPLOAD_MIB", "1.5"),
        ("GUICHENG_MAX_UPLOAD_MIB", "\u0665\u0660"),
        ("GUICHENG_SESSION_HOURS", "forever"),
        ("GUICHENG_SECURE_COOKIES", "maybe"),
        ("GUICHENG_LOG_LEVEL", "LOUD"),
        ("GUICHENG_LANGUAGE", "fr"),
        ("GUICHENG_TIMEZONE", "Asia/Beijing"),
        ("GUICHENG_TIMEZONE", "../../etc/passwd"),
        ("GUICHENG_DATABSE_URL", "sqlite:///x.db"),
    ],
)
def test_a_bad_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}="):
        load(tmp_path, **{name: value})


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="GUICHENG_DATA_DIR"):
        Settings.load({"GUICHENG_DATA_DIR": str(tmp_path / "file/data")})
