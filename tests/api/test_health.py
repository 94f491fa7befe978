def test_it_is_alive_with_and_without_a_bundle(client, unready):
    for each in (client, unready):
        assert each.get("/healthz").json() == {"status": "alive"}


def test_it_is_ready_with_a_bundle_and_tells_its_versions(client, unready):
    versions = {"bundle": "small-1", "pack": "small", "policy": "1"}
    assert client.get("/readyz").json() == {"status": "ready", "reasons": [], "versions": versions}
    assert unready.get("/readyz").status_code == 503
