"""A headless Chromium of the system, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FLAGS = (
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
)


def find_browser() -> str:
    """Chromium's path. Without one the test is skipped, or fails where REQUIRE_BROWSER is set."""
    names = ('chromium', 'chromium-browser', 'google-chrome')
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        give_up = pytest.fail if os.environ.get('REQUIRE_BROWSER') else pytest.skip
        give_up('There is no Chromium to open the page in (Debian: apt-get install chromium).')
    return found


@contextmanager
def open_browser(profile: Path) -> Iterator:
    """A browser with an empty profile of its own: a Playwright `BrowserContext`."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=path, headless=True, args=FLAGS, viewport=dict(width=1400, height=1000)
        )
        browser.set_default_timeout(60_000)
        yield browser
        browser.close()
