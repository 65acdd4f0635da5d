"""``impossible_travel`` as timelines in minutes."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.alert import Late, Opened, TooLate
from trailbell_engine.conditions.countries import COUNTRIES
from trailbell_engine.conditions.impossible_travel import (
    FARTHEST_KM,
    ImpossibleTravel,
    Location,
    distance_km,
    read_location,
)
from trailbell_engine.path import parse_path
from trailbell_engine.speeds import parse_speed


def at(minutes, place=None, **data):
    """A record of that minute."""
    return 60 * minutes, ({} if place is None else {"place": place}) | data


def travel(speed_kmh=900, *by):
    return ImpossibleTravel(parse_path("place"), speed_kmh, tuple(map(parse_path, by)))


LONDON, PARIS = "51.5074,-0.1278", {"lat": 48.8566, "lon": 2.3522}
"""344 km apart: 23 minutes at 900 km/h."""


class TestImpossibleTravel:
    """Two places of one key, and no way to get from one to the other in the time between."""

    @pytest.mark.parametrize(
        ("name", "timeline", "expected"),
        [
            ("too fast", [at(0, LONDON), at(22, PARIS)], [(1320, "e1 e2")]),
            ("by aeroplane", [at(0, LONDON), at(23, PARIS)], []),
            ("two places at one instant", [at(0, LONDON), at(0, PARIS)], [(0, "e1 e2")]),
            ("one place at one instant", [at(0, LONDON), at(0, LONDON)], []),
            ("countries", [at(0, "GB"), at(60, "US")], [(3600, "e1 e2")]),
            ("countries, half a day apart", [at(0, "GB"), at(720, "US")], []),
            ("a country is one place", [at(0, "US"), at(0, "us")], []),
            (
                "there and back is two journeys",
                [at(0, "GB"), at(60, "US"), at(120, "GB")],
                [(3600, "e1 e2"), (7200, "e2 e3")],
            ),
            ("each is compared with the last, not the first", [at(0, "GB"), at(720, "US"), at(730, "US")], []),
            (
                "what names no place is passed over",
                [at(0, "GB"), at(1, "XX"), at(2), at(3, "?"), at(4, 7), at(60, "US")],
                [(3600, "e1 e6")],
            ),
        ],
    )
    def test_faster_than_900_km_h(self, name, timeline, expected, firings):
        """Each row is where somebody was at which minute."""
        assert firings(travel(), timeline) == expected, name

    def test_each_key_travels_by_itself(self, firings):
        """Two users are in two places."""
        timeline = [at(0, "GB", user="a"), at(1, "US", user="b"), at(2, "US", user="a")]
        assert firings(travel(900, "user"), timeline) == [(120, "e1 e3")]

    def test_what_is_too_late_is_named(self, a_rule, outputs):
        """An event older than the key's last sighting is not compared."""
        told = outputs(a_rule(travel()), [at(10, "GB"), at(0, "US")])
        assert [type(output) for output in told] == [Late, TooLate]

    def test_to_and_fro_is_one_story(self, a_rule, outputs):
        """Firings fold for as long as a sighting can matter: the time for half the way around the earth."""
        places = [at(n, "GB" if n % 2 else "US") for n in range(60)]
        opened, *folded = outputs(a_rule(travel(), None), places)
        assert isinstance(opened, Opened)
        assert len(folded) == 58
        assert travel().default_suppress_us == travel().expires_us([0]) - 1

    def test_what_it_says(self, a_rule, outputs):
        """From where to where, how far, how fast."""
        (opened,) = outputs(a_rule(travel()), [at(0, LONDON), at(10, PARIS)])
        assert opened.alert.facts == {
            "count": 2,
            "travel": {
                "from": "51.5074,-0.1278",
                "to": "48.8566,2.3522",
                "distance_km": 344,
                "elapsed_s": 600.0,
                "speed_kmh": 2061,
                "since": "2026-11-22T10:00:00Z",
            },
        }
        assert opened.alert.why.endswith("344 km in 10m: 2,061 km/h, threshold 900 km/h")
        (opened,) = outputs(a_rule(travel()), [at(0, "GB"), at(0, "FR")])
        assert "at the same instant" in opened.alert.why
        assert opened.alert.facts["travel"]["speed_kmh"] is None


class TestPlaces:
    """What names a place, and how far apart places are."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("GB", ("GB", *COUNTRIES["GB"])),
            ("gb", ("GB", *COUNTRIES["GB"])),
            ("51.5,-0.12", ("51.5,-0.12", 51.5, -0.12)),
            (" 51.5 , -0.12 ", ("51.5,-0.12", 51.5, -0.12)),
            ({"lat": 1, "lon": 2}, ("1,2", 1.0, 2.0)),
            ({"latitude": "1.5", "longitude": "2"}, ("1.5,2", 1.5, 2.0)),
            ({"lat": 1, "lng": 2, "city": "x"}, ("1,2", 1.0, 2.0)),
        ],
    )
    def test_these_do(self, value, expected):
        """A country code, a pair as text, an object."""
        assert read_location(value) == expected

    @pytest.mark.parametrize(
        "value",
        ["", "XX", "GBR", "United Kingdom", "91,0", "0,181", "1", "1,2,3", {}, {"lat": 1}, [51.5, 0.1], 5, None],
    )
    def test_these_do_not(self, value):
        """Nothing is guessed; a list could be in either order."""
        assert read_location(value) is None

    def test_known_distances(self):
        """Great circles, as published elsewhere, to half a per cent."""
        cities = {"London": (51.5074, -0.1278), "New York": (40.7128, -74.006), "Sydney": (-33.8688, 151.2093)}
        for one, other, km in (
            ("London", "New York", 5570),
            ("London", "Sydney", 16994),
            ("New York", "Sydney", 15989),
        ):
            assert distance_km(Location("", *cities[one]), Location("", *cities[other])) == pytest.approx(km, rel=0.005)

    @given(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), st.tuples(st.floats(-90, 90), st.floats(-180, 180)))
    def test_a_distance_is_one(self, one, other):
        """Never negative, the same both ways, nothing to the place itself, never more than half around."""
        here, there = Location("", *one), Location("", *other)
        assert distance_km(here, here) == 0
        assert 0 <= distance_km(here, there) <= FARTHEST_KM * (1 + 1e-12)
        assert math.isclose(distance_km(here, there), distance_km(there, here), abs_tol=1e-6)

    def test_every_country_is_somewhere(self):
        """249 codes of two letters, as ISO 3166-1 has them, on the globe."""
        assert len(COUNTRIES) == 249
        assert all(re.fullmatch("[A-Z]{2}", code) for code in COUNTRIES)
        assert all(-90 <= latitude <= 90 and -180 <= longitude <= 180 for latitude, longitude in COUNTRIES.values())

    @pytest.mark.parametrize(
        ("one", "other"),
        [("PT", "ES"), ("DE", "PL"), ("US", "MX"), ("CN", "MN"), ("AR", "UY"), ("NZ", "AU"), ("KE", "UG")],
    )
    def test_neighbours_are_near(self, one, other):
        """A point with a wrong sign would be on another continent."""
        assert distance_km(Location("", *COUNTRIES[one]), Location("", *COUNTRIES[other])) < 4_200

    @pytest.mark.parametrize(
        ("text", "kmh"),
        [("900 km/h", 900.0), ("900km/h", 900.0), ("100 mph", 160.9344), ("250 m/s", 900.0), ("10.5 kn", 19.446)],
    )
    def test_speeds(self, text, kmh):
        """With a unit, always."""
        assert parse_speed(text) == pytest.approx(kmh)

    @pytest.mark.parametrize("text", ["900", "", "fast", "0 km/h", "-1 km/h", "9 km", "1e3 km/h", "km/h"])
    def test_no_speeds(self, text):
        """A number alone says nothing."""
        assert parse_speed(text) is None
