from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open311.fields import Fields
from api.open311.refusal import RefusedError


def test_an_empty_field_counts_as_left_out():
    fields = Fields.decoded(b"lat=&long=%20%20&status=")
    assert (fields.one("lat"), fields.one("long"), fields.many("status")) == ("", "", ())


def test_nul_is_left_out():
    fields = Fields.decoded(b"description=%00a%00&lat=%00")
    assert (fields.one("description"), fields.one("lat")) == ("a", "")


def test_of_a_repeated_field_the_last_value_counts():
    assert Fields.decoded(b"api_key=a&api_key=b").one("api_key") == "b"


def test_a_list_is_repeated_or_has_commas_and_holds_each_value_once():
    assert Fields.decoded(b"id=1,2&id=%202%20&id=3,").many("id") == ("1", "2", "3")


@pytest.mark.parametrize("encoded", [b"description=%E8%B7", b"description=\xff", b"%ff=1"])
def test_fields_that_are_no_utf8_are_refused(encoded):
    with pytest.raises(RefusedError, match="UTF-8") as caught:
        Fields.decoded(encoded)
    assert caught.value.status == 400


def test_utf8_that_was_not_escaped_is_read():
    assert Fields.decoded("description=路灯不亮".encode()).one("description") == "路灯不亮"


def test_a_flood_of_fields_is_refused():
    with pytest.raises(RefusedError, match="more than 200 fields"):
        Fields.decoded(b"a=1&" * 201)


@given(st.binary())
def test_any_bytes_are_fields_or_refused(encoded):
    with suppress(RefusedError):
        assert all(value.strip() for _, value in Fields.decoded(encoded))
