"""What agents do in every test of the page."""

from playwright.sync_api import Page, expect

from tests.console.site import Site


def sign_in(page: Page, site: Site) -> None:
    page.get_by_label("密钥").fill(site.key)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("诉求内容")).to_be_focused()


def write(page: Page, text: str) -> None:
    page.get_by_label("诉求内容").fill(text)


def judged(page: Page, text: str) -> None:
    """Write, and wait until the page shows the answer to exactly this."""
    with page.expect_response("**/v1/route"):
        write(page, text)
    expect(page.locator("#state")).to_have_text("已更新")
