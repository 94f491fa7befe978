from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from api.settings import Settings
from triage.errors import InputError


def test_options_come_before_the_environment_and_that_before_the_defaults():
    environment = {"PAIDAN_PORT": "9000", "PAIDAN_BUNDLE": "/b", "PATH": "/bin"}
    settings = Settings.from_environment(environment, host=None, port=9001)
    assert (settings.host, settings.port, settings.bundle) == ("127.0.0.1", 9001, Path("/b"))
    assert (settings.body_limit, settings.batch_limit) == (2 * 1024 * 1024, 1_000)


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_its_own_machine_is_safe(host):
    assert Settings(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "paidan.example", "", "127.0.0.1.evil.example"])  # noqa: S104
def test_others_may_not_reach_a_service_without_keys(host):
    with pytest.raises(InputError, match="no keys") as caught:
        Settings(host=host)
    assert caught.value.code == "unsafe_host"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("PAIDAN_PORT", "http", "'http' is no whole number"),
        ("PAIDAN_PORT", "0", "not between 1 and 65,535"),
        ("PAIDAN_PORT", "65536", "not between 1 and 65,535"),
        ("PAIDAN_BODY_LIMIT", "-1", "not between"),
        ("PAIDAN_BATCH_LIMIT", "", "no whole number"),
        ("PAIDAN_BUNDEL", "/b", "no such setting; unset it or take one of PAIDAN_HOST, PAIDAN_PORT"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_remedy(name, text, words):
    with pytest.raises(InputError, match=words):
        Settings.from_environment({name: text})
