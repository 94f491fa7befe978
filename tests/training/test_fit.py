"""From closures to a bundle, end to end, also where a city's export is thinner than it should be."""

from dataclasses import replace
from datetime import date

import pytest

from models.bundle import load_triage, read_manifest
from tests import city
from tests.conftest import fitted_bundle
from training.fit import fit
from training.make import make_bundle, prepare
from triage.citypack import load_pack, write_pack
from triage.domain import Appeal, Unit, UnitCode, UnitKind
from triage.errors import InputError

FEW = city.closures(80)


@pytest.fixture
def triage_of(tmp_path):
    """Fit on rows as an export has them; answer what routes with the bundle."""

    def fitted(rows):
        export = city.write_csv(tmp_path / "rows.csv", rows)
        return load_triage(fitted_bundle(export, tmp_path / "bundle"))

    return fitted


def names(triage, text, **given):
    return [suggestion.unit.name for suggestion in triage.route(Appeal(id="1", text=text, **given)).suggestions]


def test_a_fit_is_far_better_than_chance_and_says_so(city_bundle):
    metrics = read_manifest(city_bundle)["metrics"]
    assert metrics["topic_rows"] == 400
    assert 150 < metrics["rows"] < 250  # half of them; the other half calibrated
    assert 0.75 < metrics["top1"] <= metrics["top3"] <= metrics["top5"] <= 1
    assert metrics["topic_top1"] > 0.95
    assert read_manifest(city_bundle)["tried_on"] == "out-of-fold rows"


def test_a_fit_tells_how_far_it_is(tmp_path):
    export, told = city.write_csv(tmp_path / "rows.csv", FEW), []
    make_bundle(prepare([export], pack=None, name="few"), tmp_path / "out", seed=0, progress=told.append)
    assert told == [*(f"linear heads {done} of 5" for done in range(1, 6)), "rankers"]


def test_another_seed_is_another_bundle(city_export, city_bundle, tmp_path):
    assert read_manifest(fitted_bundle(city_export, tmp_path / "b", seed=1))["id"] != read_manifest(city_bundle)["id"]


def test_the_newest_weeks_judge_and_an_older_scheme_still_teaches(tmp_path):
    """Ten weeks, in whose middle the topic tree was renamed."""
    rows = city.closures(1_100, days=74, changed_on=date(2031, 4, 4))
    export = city.write_csv(tmp_path / "rows.csv", rows)
    bundle = fitted_bundle(export, tmp_path / "bundle")
    manifest = read_manifest(bundle)
    assert manifest["scheme"] == "the topic scheme changed on 2031-04-04; the newer one is predicted"
    assert manifest["tried_on"].startswith("the newest 4")
    assert 300 < manifest["metrics"]["rows"] < 440
    assert manifest["metrics"]["top1"] > 0.85
    triage = load_triage(bundle)
    assert triage.policy.tried == manifest["metrics"]["rows"]
    assert any(dialled.coverage > 0.3 for dialled in triage.policy.dial)
    routing = triage.route(Appeal(id="1", text="西山区松风街道公交车等了四十分钟不来"))
    assert routing.topics[0].topic.path == ("出行", "公共交通", "公交候车")
    assert not {topic.topic.path[0] for topic in routing.topics} & {matter.topic[0] for matter in city.MATTERS}


def test_a_unit_without_orders_is_reached_by_its_duty_and_a_named_district(city_export, city_bundle, tmp_path):
    """南苑区 has no housing office among the orders; a person adds it to the pack."""
    pack = load_pack(city_bundle / "pack")
    added = Unit(
        code=UnitCode("ny-zj"),
        name="南苑区住房和城乡建设局",
        kind=UnitKind.DISTRICT,
        district="南苑区",
        duty="住房城乡建设",
        aliases=("南苑区住建局",),
    )
    write_pack(replace(pack, units=(*pack.units, added)), tmp_path / "pack")
    prepared = prepare([city_export], pack=tmp_path / "pack", name="ignored")
    make_bundle(prepared, tmp_path / "bundle", seed=0, progress=lambda _: None)
    triage = load_triage(tmp_path / "bundle")
    assert read_manifest(tmp_path / "bundle")["id"].startswith("yunling-")
    assert added.name in names(triage, "南苑区学府名居新交付的房子屋顶漏水，开发商推脱不修")
    assert added.name in names(triage, "南苑区住建局什么时候来看漏水的墙面")


@pytest.mark.parametrize(
    "change",
    [
        lambda row: replace(row, topic=row.topic[:2]),
        lambda row: replace(row, opened_on=None),
        lambda row: replace(row, district="", street=""),
        lambda row: replace(row, kind="", id=""),
    ],
    ids=["two levels", "no dates", "no places", "no numbers"],
)
def test_a_thinner_export_fits_as_well(triage_of, change):
    triage = triage_of([change(row) for row in FEW])
    assert names(triage, "东湖区枫桥街道家里自来水停水，没有收到停水通知")[0] == city.WATER


def test_an_export_without_topics_fits_as_well(triage_of):
    routing = triage_of([replace(row, topic=()) for row in FEW]).route(Appeal(id="1", text="东湖区停水"))
    assert routing.topics == ()


def test_a_city_of_two_units_without_districts_has_two_suggestions(triage_of):
    offices = {city.WATER: "水务局", city.BUS: "公交公司"}
    rows = [row for row in city.closures() if row.unit in offices]
    triage = triage_of([replace(row, unit=offices[row.unit], district="", street="") for row in rows])
    assert names(triage, "公交司机到站不停车") == ["公交公司", "水务局"]
    assert len(triage.route(Appeal(id="1", text="")).suggestions) == 2


def test_an_export_that_says_one_thing_over_and_over_is_bad_input(triage_of):
    said = "楼下路灯不亮已经三天了", "门前垃圾没有人清运很臭"
    rows = [replace(row, text=said[at % 2], unit=("路灯所", "环卫所")[at % 2]) for at, row in enumerate(FEW)]
    with pytest.raises(InputError):
        triage_of(rows)


def test_a_dataset_can_be_fitted_without_a_listener(city_export):
    from training.dataset import make_dataset  # noqa: PLC0415

    prepared = prepare([city_export], pack=None, name="yunling")
    fitted = fit(make_dataset(prepared.cleaned, prepared.pack, seed=0), prepared.pack, seed=0)
    assert fitted.learned.experience.sum() == 400
    assert set(fitted.metrics) >= {"rows", "top1", "top3", "top5", "coverage_at_95", "calibration_error"}


def test_no_row_fit_to_learn_from_is_bad_input(tmp_path):
    export = city.write_csv(tmp_path / "rows.csv", [replace(row, unit="") for row in FEW])
    with pytest.raises(InputError, match="no row can be learned from"):
        prepare([export], pack=None, name="few")
