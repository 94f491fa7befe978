"""Every state of the page, in both colour schemes, by the rules of axe."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import Troubles
from tests.console.site import Site
from tests.console.steps import judged, sign_in, write


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_accessible(
    page: Page, site: Site, troubles: Troubles, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(page.get_by_label("密钥")).to_be_visible()
    _assert_accessible(page, "sign-in")
    sign_in(page, site)
    _assert_accessible(page, "empty")

    judged(page, "望京街道的路灯不亮")
    _assert_accessible(page, "suggestions")
    page.keyboard.press("Alt+f")
    page.keyboard.type("京")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    _assert_accessible(page, "search")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="为什么").click()
    expect(page.get_by_role("table")).to_be_visible()
    _assert_accessible(page, "why")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+n")
    _assert_accessible(page, "discard")
    page.keyboard.press("Escape")

    judged(page, "路口堆着垃圾，另外小区停电了")
    _assert_accessible(page, "matters")
    judged(page, "法院的判决我不服")
    _assert_accessible(page, "decline")
    troubles.allowed.append("ERR_FAILED")
    page.route("**/v1/route", lambda route: route.abort())
    write(page, "厨房里漏气了，味道")
    expect(page.locator("#state")).to_have_text("网络中断，稍后重试")
    _assert_accessible(page, "offline")
    page.unroute_all()
    judged(page, "厨房里漏气了，味道很大")
    _assert_accessible(page, "transfer")

    page.keyboard.press("Control+Enter")
    expect(page.locator("#sent .status")).to_have_text("已转接")
    _assert_accessible(page, "sent")
    page.get_by_role("link", name="工单", exact=True).click()
    page.get_by_role("link", name="厨房里漏气了").first.click()
    page.locator("#order summary", has_text="办结").click()
    _assert_accessible(page, "order")


def _assert_accessible(page: Page, state: str) -> None:
    found = Axe().run(page)
    told = [f"{one['id']}: {node['target']}" for one in found.response["violations"] for node in one["nodes"]]
    assert told == [], state
