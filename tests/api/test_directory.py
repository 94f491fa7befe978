import pytest


def codes(client, **query):
    answer = client.get("/v1/units", params=query)
    assert answer.status_code == 200
    return [unit["code"] for unit in answer.json()["units"]]


def test_units_come_in_the_order_of_the_pack(client):
    assert codes(client) == ["cy-wj", "bj-dl", "bj-jg"]
    assert client.get("/v1/units").json()["units"][0] == {
        "code": "cy-wj",
        "name": "朝阳区望京街道办事处",
        "kind": "street",
        "district": "朝阳区",
        "duty": "街道",
        "aliases": ["望京街道"],
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"district": "朝阳区"}, ["cy-wj"]),
        ({"district": "海淀区"}, []),
        ({"kind": "company"}, ["bj-dl"]),
        ({"q": "望京街道"}, ["cy-wj"]),
        ({"q": "供电"}, ["bj-dl"]),
        ({"q": "北京", "kind": "municipal"}, ["bj-jg"]),
        ({"limit": 1}, ["cy-wj"]),
        ({"limit": 2, "offset": 1}, ["bj-dl", "bj-jg"]),
        ({"offset": 9}, []),
    ],
)
def test_units_are_found_by_filters(client, query, found):
    assert codes(client, **query) == found


def test_a_page_tells_how_many_there_are(client):
    assert client.get("/v1/units", params={"limit": 1, "q": "北京"}).json()["total"] == 2


@pytest.mark.parametrize("query", [{"kind": "village"}, {"limit": 0}, {"limit": "many"}, {"offset": -1}])
def test_a_filter_that_cannot_be_used_is_named(client, query):
    answer = client.get("/v1/units", params=query)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["source"], fault["pointer"]) == ("query", "/" + next(iter(query)))


def test_topics_are_named_by_their_path(client):
    first, second = client.get("/v1/topics").json()["topics"]
    assert first["path"] == ["市容环卫", "垃圾处理", "生活垃圾清运"]
    assert (second["code"], second["name"], second["meaning"]) == ("T0301", "路灯不亮", "")
