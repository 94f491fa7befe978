import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open311.location import Location
from triage.text import mask_as_given

words = st.text(st.characters(exclude_characters="；", exclude_categories=["C", "Z"]), max_size=20).filter(
    lambda text: not text.startswith(("经度", "地址编号"))
)


@given(words, words, st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)))
def test_a_location_is_read_as_it_was_written(address, address_id, degrees):
    lat, long = degrees or (None, None)
    found = Location.read(Location(address=address, address_id=address_id, lat=lat, long=long).written)
    assert (found.address, found.address_id) == (address, address_id)
    assert (found.lat, found.long) == (pytest.approx(lat, abs=1e-6), pytest.approx(long, abs=1e-6))


@pytest.mark.parametrize(
    "written", ["", "；", "望京西园四区", "经度116.4, 纬度39.9米", "路口；经度很大", "经度1.2.3, 纬度4"]
)
def test_an_address_that_came_in_otherwise_is_all_words(written):
    assert Location.read(written) == Location(address=written)


def test_coordinates_are_not_taken_for_personal_data():
    written = Location(lat=-39.991234, long=-116.471234, address_id="110105026001").written
    assert mask_as_given(written)[0] == written
