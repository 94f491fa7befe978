"""What an agent sees and does while an appeal is written, with the keyboard and without."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, Route, expect

import api
from tests.api.fakes import TRAFFIC, WANGJING
from tests.console.conftest import Troubles
from tests.console.site import Site
from tests.console.steps import judged, sign_in, write

CONSOLE = Path(api.__file__).parent / "console"


def test_a_wrong_key_is_refused_and_said_so(page: Page) -> None:
    page.get_by_label("密钥").fill("wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("密钥不正确")
    expect(page.get_by_label("诉求内容")).to_be_hidden()


def test_a_session_goes_on_after_a_reload_and_ends_with_signing_out(agent: Page) -> None:
    agent.reload()
    expect(agent.get_by_label("诉求内容")).to_be_visible()
    agent.get_by_role("button", name="退出登录").click()
    expect(agent.get_by_label("密钥")).to_be_focused()
    agent.reload()
    expect(agent.get_by_label("密钥")).to_be_visible()


def test_nothing_is_stored_in_the_browser(agent: Page) -> None:
    judged(agent, "望京街道的路灯不亮")
    stored = "localStorage.length + sessionStorage.length + document.cookie.length"
    assert agent.evaluate(stored) == 0
    assert agent.get_by_label("密钥").input_value() == ""


def test_suggestions_appear_while_the_agent_writes(agent: Page) -> None:
    agent.get_by_label("诉求内容").press_sequentially("望京街道的路灯不亮", delay=5)
    expect(agent.get_by_role("radio")).to_have_count(3)
    expect(agent.get_by_role("radio", name=WANGJING.name)).to_be_checked()
    expect(agent.locator("#decision")).to_contain_text("建议派往朝阳区望京街道办事处")
    expect(agent.get_by_role("region", name="追问")).to_contain_text("什么时候发生")
    expect(agent.locator("#facts")).to_contain_text("路灯不亮")
    expect(agent.locator("#facts")).to_contain_text("39% 职能交叉")
    expect(agent.locator("#count")).to_have_text("9 字")
    expect(agent.locator("#send-what")).to_have_text("受理并派往朝阳区望京街道办事处")


def test_one_pause_in_writing_asks_once(agent: Page) -> None:
    asked = []
    agent.on("request", lambda request: asked.append(request.url) if request.url.endswith("/v1/route") else None)
    agent.get_by_label("诉求内容").press_sequentially("望京街道的路灯不亮", delay=5)
    expect(agent.locator("#state")).to_have_text("已更新")
    assert len(asked) == 1


def test_letters_of_a_word_that_is_still_composed_are_not_asked_about(agent: Page) -> None:
    asked = []
    agent.on("request", lambda request: asked.append(request.post_data_json) if "/v1/route" in request.url else None)
    agent.clock.install()
    keyboard = agent.context.new_cdp_session(agent)
    keyboard.send("Input.imeSetComposition", {"text": "lu deng bu", "selectionStart": 10, "selectionEnd": 10})
    agent.clock.run_for(1_000)
    keyboard.send("Input.insertText", {"text": "望京路灯不亮"})
    agent.clock.run_for(1_000)
    expect(agent.locator("#state")).to_have_text("已更新")
    assert [appeal["text"] for appeal in asked] == ["望京路灯不亮"]


@pytest.mark.parametrize("aborts", [True, False], ids=["aborted", "not aborted"])
def test_an_answer_that_comes_late_never_wins(page: Page, site: Site, aborts: bool) -> None:
    if not aborts:
        page.add_init_script("AbortController.prototype.abort = () => {}")
        page.reload()
    sign_in(page, site)
    held: list[Route] = []

    def hold_the_earlier(route: Route) -> None:
        if "停电" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/v1/route", hold_the_earlier)
    for text in ("昨天开始停电了", "望京街道垃圾没清"):
        with page.expect_request("**/v1/route"):
            write(page, text)
    expect(page.get_by_role("radio", name=WANGJING.name)).to_be_checked()
    (earlier,) = held
    with suppress(Error):  # the browser may have given it up
        earlier.fulfill(response=earlier.fetch())
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.get_by_role("radio", name=WANGJING.name)).to_be_checked()
    expect(page.locator("#state")).to_have_text("已更新")


def test_what_a_citizen_wrote_is_never_read_as_html(agent: Page) -> None:
    text = "路灯不亮<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    judged(agent, text)
    expect(agent.locator("#facts")).to_contain_text("<img src=x")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .appeal-text")).to_have_text(text)
    agent.get_by_role("link", name="工单", exact=True).click()
    expect(agent.locator("#order-list").first).to_contain_text("<script>")
    assert agent.locator("main img, main script").count() == 0
    assert agent.evaluate("window.hacked") is None


def test_a_session_that_ends_half_way_loses_nothing(agent: Page, site: Site, troubles: Troubles) -> None:
    troubles.allowed.append(r"/v1/(route|appeals): .* 401 ")
    agent.get_by_label("地址", exact=True).fill("望京西路1号")
    judged(agent, "门口的路灯不亮")
    agent.context.clear_cookies()
    agent.keyboard.press("Control+Enter")
    expect(agent.get_by_role("alert")).to_contain_text("登录已失效")
    expect(agent.get_by_label("密钥")).to_be_focused()
    sign_in(agent, site)
    expect(agent.get_by_label("诉求内容")).to_have_value("门口的路灯不亮")
    expect(agent.get_by_label("诉求内容")).to_be_editable()
    expect(agent.get_by_label("地址", exact=True)).to_have_value("望京西路1号")
    expect(agent.locator("#state")).to_have_text("已更新")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("已派")


def test_signing_in_in_another_window_does_not_stop_this_one(agent: Page, site: Site, troubles: Troubles) -> None:
    troubles.allowed.append(r"/v1/route: .* 403 ")
    assert agent.context.request.post("/v1/session", data={"key": site.key}).ok
    write(agent, "高碑店的路灯不亮")
    expect(agent.get_by_role("radio")).to_have_count(3)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (lambda route: route.abort(), "网络中断，稍后重试"),
        (lambda route: route.fulfill(status=503, body="{}"), "系统降级，稍后重试"),
    ],
    ids=["no network", "not ready"],
)
def test_an_appeal_is_taken_without_suggestions_too(
    agent: Page, troubles: Troubles, answer: Callable[[Route], None], state: str
) -> None:
    troubles.allowed.append(r"/v1/route: Failed to load resource: .*(503|ERR_FAILED)")
    judged(agent, "南磨房的路灯不亮")
    agent.route("**/v1/route", answer)
    write(agent, "南磨房的路灯不亮，还有")
    expect(agent.locator("#state")).to_have_text(state)
    expect(agent.locator("#send-what")).to_have_text("受理后待派")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("待派")


def test_an_answer_of_a_stand_in_says_so(agent: Page) -> None:
    with agent.expect_response("**/v1/route"):
        write(agent, "备用电源一直响")
    expect(agent.locator("#state")).to_have_text("已更新（系统降级：仅按派单目录）")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .warn")).to_contain_text("系统降级")


def test_why_a_unit_is_suggested_is_told(agent: Page) -> None:
    judged(agent, "小关的路灯不亮")
    agent.get_by_role("button", name="为什么").click()
    dialog = agent.get_by_role("dialog", name="为什么")
    expect(dialog).to_contain_text("派单目录（+1.40）")
    expect(dialog.get_by_role("cell", name="20250301-7")).to_be_visible()
    expect(dialog.locator(".word").first).to_contain_text("派单目录 +1.40")
    agent.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_place_that_is_settled_is_asked_about_with_the_address(agent: Page) -> None:
    judged(agent, "八里庄的路灯不亮")
    with agent.expect_request("**/v1/route") as asked:
        agent.get_by_role("button", name="海淀区八里庄街道").click()
    assert asked.value.post_data_json["address"] == "海淀区八里庄街道"


def test_several_matters_become_several_orders(agent: Page) -> None:
    judged(agent, "路口堆着垃圾，另外小区停电了")
    with agent.expect_response("**/v1/route"):
        agent.get_by_role("button", name="拆分").click()
    expect(agent.get_by_label("诉求内容")).to_have_value("路口堆着垃圾")
    expect(agent.locator("#send-what")).to_contain_text("另有 1 件事待受理")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator("#sent .status")).to_have_text("待派")
    agent.keyboard.press("Alt+n")
    expect(agent.get_by_label("诉求内容")).to_have_value("另外小区停电了")


def test_what_is_written_is_not_thrown_away_by_one_key(agent: Page) -> None:
    judged(agent, "太阳宫的路灯不亮")
    agent.keyboard.press("Alt+n")
    dialog = agent.get_by_role("dialog", name="放弃未发送的诉求？")
    agent.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(agent.get_by_label("诉求内容")).to_have_value("太阳宫的路灯不亮")
    agent.keyboard.press("Alt+n")
    dialog.get_by_role("button", name="放弃并新建").click()
    expect(agent.get_by_label("诉求内容")).to_have_value("")
    expect(agent.get_by_role("radio")).to_have_count(0)


def test_the_page_is_worked_by_keys_alone(page: Page, site: Site) -> None:
    expect(page.get_by_label("密钥")).to_be_focused()
    page.keyboard.type(site.key)
    page.keyboard.press("Enter")
    expect(page.get_by_label("诉求内容")).to_be_focused()
    page.keyboard.type("孙河的路灯不亮")
    expect(page.locator("#state")).to_have_text("已更新")
    page.keyboard.press("Alt+f")
    found = page.get_by_role("combobox", name="其他单位")
    expect(found).to_be_focused()
    page.keyboard.type("交通")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    expect(found).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name=TRAFFIC.name)).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="工单 2")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#sent summary").first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="确认签收")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#sent .status")).to_have_text("办理中")
    page.keyboard.press("Alt+n")
    expect(page.get_by_label("诉求内容")).to_be_focused()
    expect(page.get_by_label("诉求内容")).to_have_value("")


def test_no_width_makes_the_page_scroll_sideways(agent: Page) -> None:
    judged(agent, "奥运村的路灯不亮")
    needed = {}
    for width in (1440, 1280, 768, 640, 400):
        agent.set_viewport_size({"width": width, "height": 800})
        needed[width] = agent.evaluate("document.documentElement.scrollWidth")
    assert {width: need for width, need in needed.items() if need > width} == {}


def test_modules_are_small() -> None:
    lengths = {file.name: len(file.read_text("utf-8").splitlines()) for file in CONSOLE.glob("*.js")}
    assert {name: length for name, length in lengths.items() if length > 250} == {}
