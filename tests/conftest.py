"""How properties are tested; and for tests of pages a browser: Chromium, driven by WebDriver (w3.org/TR/webdriver2)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
import requests
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("patient")

ARGUMENTS = (
    "--headless",
    "--window-size=1280,1000",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Browser:
    """One window."""

    def __init__(self, driver_url, folder):
        options = {"args": [*ARGUMENTS, f"--user-data-dir={folder}"], "binary": shutil.which("chromium")}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._session = driver_url
        created = self._ask("session", capabilities={"alwaysMatch": wanted})
        self._session = f"{driver_url}/session/{created['sessionId']}"

    def open(self, url, width=None, scheme="light"):
        """Load a page, on a screen so many pixels wide, for a person who likes it light or dark, and still."""
        if width:
            self._tell("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True)
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self._tell("Emulation.setEmulatedMedia", features=features)
        self._ask("url", url=url)

    def run(self, script):
        """The value of a JavaScript function's body."""
        return self._ask("execute/sync", script=script, args=[])

    def click(self, selector):
        """Click the first element that a CSS selector finds."""
        (element,) = self._ask("element", using="css selector", value=selector).values()
        self._ask(f"element/{element}/click")

    def complaints(self):
        """What the console says: scripts that fail, content that the page's policy refuses, files not found."""
        return [entry["message"] for entry in self._ask("se/log", type="browser")]

    def close(self):
        """Close the window."""
        requests.delete(self._session, timeout=30)

    def _tell(self, command, **parameters):
        self._ask("goog/cdp/execute", cmd=command, params=parameters)

    def _ask(self, path, **body):
        reply = requests.post(f"{self._session}/{path}", json=body, timeout=60)
        assert reply.ok, reply.text
        return reply.json()["value"]


@pytest.fixture
def browser(tmp_path):
    """A window of a browser of its own."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        assert not os.environ.get("CI"), "apt-get install chromium chromium-driver"
        pytest.skip("no browser: apt-get install chromium chromium-driver")
    with subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True) as driver:
        try:
            started = next(found for line in driver.stdout if (found := re.search(r"successfully on port (\d+)", line)))
            window = Browser(f"http://127.0.0.1:{started[1]}", tmp_path / "browser")
            yield window
            window.close()
        finally:
            driver.terminate()
