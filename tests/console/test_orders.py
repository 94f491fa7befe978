"""What becomes of an appeal that is sent: one order, whatever the network does, and whoever else works on it."""

import pytest
from playwright.sync_api import APIRequestContext, Page, Route, expect

from tests.api.fakes import POWER, TRAFFIC, WANGJING
from tests.console.conftest import Troubles
from tests.console.site import Site
from tests.console.steps import judged, sign_in, write


def orders_about(colleague: APIRequestContext, text: str) -> list[dict[str, object]]:
    return [order for order in colleague.get("/v1/appeals?limit=100").json()["appeals"] if order["text"] == text]


def history(page: Page) -> list[str]:
    return page.locator("#sent .history b").all_inner_texts()


def test_a_unit_is_chosen_and_the_appeal_sent_by_keys(agent: Page) -> None:
    judged(agent, "东坝的路灯不亮，走路看不见")
    agent.keyboard.press("Alt+2")
    expect(agent.get_by_role("radio", name=TRAFFIC.name)).to_be_checked()
    expect(agent.get_by_label("诉求内容")).to_be_focused()
    agent.keyboard.press("Control+Enter")
    order = agent.get_by_role("region", name="已发送的工单")
    expect(order.get_by_role("heading", name="工单 2")).to_be_focused()
    expect(order.locator(".status")).to_have_text("已派")
    expect(order.locator(".order-facts")).to_contain_text(TRAFFIC.name)
    assert history(agent) == ["受理", "研判", "决定", "派单"]
    expect(order.locator(".history li").last).to_contain_text(f"派往{TRAFFIC.name}")


def test_those_that_assist_the_suggested_unit_are_sent_too(agent: Page) -> None:
    judged(agent, "管庄的路灯不亮")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .order-facts")).to_contain_text(f"协办单位 {POWER.name}", use_inner_text=True)


def test_what_the_service_dispatches_by_itself_is_dispatched_once(agent: Page) -> None:
    judged(agent, "双井这边停电三小时了")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("已派")
    assert history(agent).count("派单") == 1


def test_the_agents_choice_comes_before_what_would_be_dispatched_by_itself(agent: Page) -> None:
    judged(agent, "劲松这边停电了")
    agent.keyboard.press("Alt+2")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("已派")
    assert history(agent).count("派单") == 1
    expect(agent.locator("#sent")).to_contain_text(f"派往{WANGJING.name}")


@pytest.mark.parametrize(
    ("text", "shown", "status"),
    [("厨房里漏气了，味道很大", "燃气抢修热线", "已转接"), ("法院的判决我不服", "请向审理的法院反映。", "不予受理")],
)
def test_what_no_unit_does_is_said_before_and_after_sending(agent: Page, text: str, shown: str, status: str) -> None:
    judged(agent, text)
    expect(agent.locator("#decision")).to_contain_text(shown)
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text(status)
    expect(agent.locator("#sent .headline")).to_contain_text(shown)


def test_nothing_is_sent_to_a_unit_that_the_agent_has_not_seen(agent: Page, colleague: APIRequestContext) -> None:
    judged(agent, "酒仙桥的路灯不亮")
    write(agent, "酒仙桥垃圾没有清运")
    agent.keyboard.press("Control+Enter")
    expect(agent.get_by_role("alert")).to_contain_text("研判刚刚更新")
    assert orders_about(colleague, "酒仙桥垃圾没有清运") == []
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("待派")


def test_an_answer_that_is_lost_makes_no_second_order(
    agent: Page, colleague: APIRequestContext, troubles: Troubles
) -> None:
    troubles.allowed.append("ERR_FAILED")
    keys = []

    def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    agent.route("**/v1/appeals", lose_the_first)
    judged(agent, "将台路的路灯不亮")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("已派")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len(orders_about(colleague, "将台路的路灯不亮")) == 1


def test_sending_again_after_every_try_failed_makes_no_second_order(
    page: Page, site: Site, colleague: APIRequestContext, troubles: Troubles
) -> None:
    troubles.allowed.append("ERR_FAILED")
    page.add_init_script("const wait = setTimeout; window.setTimeout = (act, time) => wait(act, time / 20)")
    page.reload()
    sign_in(page, site)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/v1/appeals", lose)
    judged(page, "崔各庄的路灯不亮")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("内容已锁定")
    expect(page.get_by_label("诉求内容")).not_to_be_editable()
    page.unroute_all()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#sent .status")).to_have_text("已派")
    assert len(orders_about(colleague, "崔各庄的路灯不亮")) == 1


def test_a_dispatch_whose_answer_is_lost_is_not_a_conflict_with_oneself(agent: Page, troubles: Troubles) -> None:
    troubles.allowed += ["ERR_FAILED", r"/dispatches: .* 4(09|12) "]
    lost = []

    def lose_the_first(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch())
        return route.abort()

    agent.route("**/dispatches", lose_the_first)
    judged(agent, "来广营的路灯不亮")
    agent.keyboard.press("Control+Enter")
    expect(agent.get_by_role("alert")).to_contain_text("网络中断")
    agent.locator("summary", has_text="派单").click()
    agent.get_by_role("button", name=WANGJING.name).click()
    agent.get_by_role("button", name="确认派单").click()
    expect(agent.locator("#sent .status")).to_have_text("已派")
    expect(agent.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize(
    ("returned", "told", "status"),
    [(False, f"派单：派往{POWER.name}", "已派"), (True, f"退单：{POWER.name}退回，属地不符", "已退单")],
    ids=["dispatched", "dispatched and returned"],
)
def test_what_somebody_else_did_meanwhile_is_shown(
    agent: Page, colleague: APIRequestContext, troubles: Troubles, returned: bool, told: str, status: str
) -> None:
    troubles.allowed.append(r"/dispatches: .* 4(09|12) ")
    judged(agent, "垡头这里有人乱倒渣土")
    agent.keyboard.press("Control+Enter")
    order = agent.get_by_role("region", name="已发送的工单")
    expect(order.locator(".status")).to_have_text("待派")
    number = order.get_by_role("heading", level=2).inner_text().removeprefix("工单 ")
    assert colleague.post(f"/v1/appeals/{number}/dispatches", data={"unit": POWER.code}).status == 201
    if returned:
        assert colleague.post(f"/v1/appeals/{number}/returns", data={"reason": "属地不符"}).status == 201
    order.locator("summary", has_text="派单").click()
    order.get_by_role("button", name=WANGJING.name).click()
    order.get_by_role("button", name="确认派单").click()
    expect(agent.get_by_role("alert")).to_contain_text(told)
    expect(order.locator(".status")).to_have_text(status)


def test_a_returned_order_is_sent_again(agent: Page) -> None:
    judged(agent, "平房乡的路灯不亮")
    agent.keyboard.press("Control+Enter")
    order = agent.get_by_role("region", name="已发送的工单")
    order.locator("summary", has_text="退单").click()
    order.get_by_label("退单原因").select_option("职能不符")
    order.get_by_role("combobox", name="建议改派单位").fill("电力")
    agent.get_by_role("listbox").get_by_role("option", name=POWER.name).click()
    order.get_by_role("button", name="确认退单").click()
    expect(order.locator(".status")).to_have_text("已退单")
    expect(order.locator(".history")).to_contain_text(f"职能不符，建议改派{POWER.name}")
    order.locator("summary", has_text="改派").click()
    order.get_by_role("combobox", name="派往单位").fill("电力")
    agent.get_by_role("listbox").get_by_role("option", name=POWER.name).click()
    order.get_by_role("button", name="确认改派").click()
    expect(order.locator(".status")).to_have_text("已派")


def test_an_order_is_found_in_the_list_signed_for_and_closed(agent: Page) -> None:
    judged(agent, "常营的路灯不亮")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("已派")
    agent.get_by_role("link", name="工单", exact=True).click()
    agent.get_by_label("状态").select_option("已派")
    agent.get_by_role("link", name="常营的路灯不亮").click()
    order = agent.get_by_role("region", name="工单详情")
    order.locator("summary", has_text="签收").click()
    order.get_by_role("button", name="确认签收").click()
    expect(order.locator(".status")).to_have_text("办理中")
    order.locator("summary", has_text="办结").click()
    order.get_by_label("办理结果").fill("已经修好")
    order.get_by_label("是否解决").select_option("是")
    order.get_by_label("满意度").select_option("基本满意")
    order.get_by_role("button", name="确认办结").click()
    expect(order.locator(".status")).to_have_text("办结")
    expect(order.locator(".history")).to_contain_text("办理结果：已经修好")
