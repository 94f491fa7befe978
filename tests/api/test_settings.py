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
def test_others_reach_a_service_only_where_nobody_can_listen_in(host):
    with pytest.raises(InputError, match="--tls-cert") as caught:
        Settings(host=host)
    assert caught.value.code == "unsafe_host"
    assert Settings(host=host, behind_proxy=True).host == host
    assert Settings(host=host, tls_cert=Path("c"), tls_key=Path("k")).host == host


def test_a_certificate_without_its_key_is_refused():
    with pytest.raises(InputError, match="give both or none"):
        Settings(tls_cert=Path("c"))


def test_behind_a_proxy_nobody_is_taken_for_a_program_of_the_same_machine():
    assert Settings().is_local
    assert not Settings(behind_proxy=True).is_local


def test_networks_and_switches_are_read():
    environment = {
        "PAIDAN_WEBHOOK_NETWORKS": "10.0.0.0/8, fd00::/8",
        "PAIDAN_BEHIND_PROXY": "yes",
        "PAIDAN_WORKER": "0",
    }
    settings = Settings.from_environment(environment)
    assert [str(network) for network in settings.webhook_networks] == ["10.0.0.0/8", "fd00::/8"]
    assert (settings.behind_proxy, settings.worker) == (True, False)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("PAIDAN_PORT", "http", "'http': no whole number"),
        ("PAIDAN_PORT", "0", "not between 1 and 65,535"),
        ("PAIDAN_PORT", "65536", "not between 1 and 65,535"),
        ("PAIDAN_BODY_LIMIT", "-1", "not between"),
        ("PAIDAN_BATCH_LIMIT", "", "no whole number"),
        ("PAIDAN_WORKER", "perhaps", "write 1 or 0"),
        ("PAIDAN_WEBHOOK_NETWORKS", "10.0.0.1/8", "has host bits set"),
        ("PAIDAN_BUNDEL", "/b", "no such setting; unset it or take one of PAIDAN_HOST, PAIDAN_PORT"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_remedy(name, text, words):
    with pytest.raises(InputError, match=words):
        Settings.from_environment({name: text})


def test_a_registry_is_followed_in_the_place_of_a_bundle():
    settings = Settings.from_environment({"PAIDAN_REGISTRY": "s3://bucket/registry", "PAIDAN_REGISTRY_KEY": "/k.pub"})
    assert (settings.registry, settings.registry_key) == ("s3://bucket/registry", Path("/k.pub"))
    assert Settings.from_environment({}).registry is None


@pytest.mark.parametrize("options", [{}, {"bundle": Path("/b"), "registry": "/r"}])
def test_a_bundle_and_a_registry_are_not_given_together(options):
    environment = {} if options else {"PAIDAN_REGISTRY": "/r", "PAIDAN_BUNDLE": "/b"}
    with pytest.raises(InputError, match="not both"):
        Settings.from_environment(environment, **options)


def test_the_option_of_the_one_comes_before_the_variable_of_the_other():
    environment = {"PAIDAN_REGISTRY": "/r", "PAIDAN_BUNDLE": "/b"}
    assert Settings.from_environment(environment, bundle=Path("/c")).registry is None
    assert Settings.from_environment(environment, registry="/s").registry == "/s"
