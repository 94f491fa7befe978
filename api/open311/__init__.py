"""Open311 GeoReport v2: the hotline for intake systems that speak it, in XML and JSON."""
