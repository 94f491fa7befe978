"""A browser, the service that it opens, and an agent who is signed in."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import APIRequestContext, Browser, ConsoleMessage, Page, Playwright, sync_playwright

from tests.console.site import Site, start_site
from tests.console.steps import sign_in

CHROMIUM = shutil.which("chromium")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(slots=True)
class Troubles:
    """What the browser complained of; a test allows what it provokes."""

    seen: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=lambda: [r"/v1/session: .* 401 "])  # asked before anybody signed in

    @property
    def unexpected(self) -> list[str]:
        return [one for one in self.seen if not any(re.search(pattern, one) for pattern in self.allowed)]

    def watch(self, page: Page) -> None:
        def told(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.seen.append(f"{message.location['url']}: {message.text}")

        page.on("console", told)
        page.on("pageerror", lambda error: self.seen.append(f"error: {error}"))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with start_site(tmp_path_factory.mktemp("console")) as site:
        yield site


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def troubles() -> Troubles:
    return Troubles()


@pytest.fixture
def page(browser: Browser, site: Site, troubles: Troubles) -> Iterator[Page]:
    """The page as it opens. Whatever a test does, the browser has nothing to complain of."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN", base_url=site.url)
    context.set_default_timeout(10_000)
    page = context.new_page()
    troubles.watch(page)
    page.goto("/")
    yield page
    context.close()
    assert troubles.unexpected == []


@pytest.fixture
def agent(page: Page, site: Site) -> Page:
    """The page of an agent who is signed in."""
    sign_in(page, site)
    return page


@pytest.fixture
def colleague(playwright: Playwright, site: Site) -> Iterator[APIRequestContext]:
    """Somebody else who works on the same orders, by another program."""
    context = playwright.request.new_context(
        base_url=site.url, extra_http_headers={"Authorization": f"Bearer {site.key}"}
    )
    yield context
    context.dispose()
