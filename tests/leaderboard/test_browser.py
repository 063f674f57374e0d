"""The leaderboard in a real browser: Debian's Chromium, driven by Playwright.

apt-get install chromium; pip install playwright      (its own browsers are not needed)

The board is of a round that was really played (`real_round`): the mini challenge, systems that the
recipe rendered, scored by HAAQI and HAAQI-Net.
"""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
import real_round

from haaqinet_eval.store import add_token, open_store, submissions

pytest.importorskip("streamlit", reason="streamlit is not installed")
pytest.importorskip("playwright", reason="Playwright is not installed")
from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=60_000)  # ms

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
]
PATIENCE = 120.0  # s, for a machine that has other work
PHONE = {"width": 390, "height": 844}
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
TROUBLE = '[data-testid="stException"], [data-testid="stAlertContentError"]'
PLACE = re.compile("^With this system: place")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Folder of the round, and the zips of its systems."""
    folder = tmp_path_factory.mktemp("round")
    return folder, real_round.play(folder)


@pytest.fixture(scope="module")
def store(played):
    opened = open_store(str(played[0] / "store.sqlite"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(store, tmp_path_factory):
    """Address of the leaderboard, started as people start it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "haaqinet_eval.cli", "leaderboard", "--port", str(port)]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "--store", store.url.database], stdout=output, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/_stcore/health", server, log)
            yield url
        finally:
            server.terminate()
            server.wait(PATIENCE)


def wait_for(url, server, log):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE * 1000)
        yield started
        started.close()


@pytest.fixture
def visit(browser, address, tmp_path):
    """Opens a place on the board; nothing may be asked of other computers, and no error shown."""
    contexts, asked, complaints = [], set(), []

    def go(place="/", **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 1600}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: asked.add(urlsplit(request.url)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address + place)
        return page

    yield go
    for number, context in enumerate(contexts):
        for page in context.pages:
            settle(page)
            page.screenshot(path=tmp_path / f"end-{number}.png", full_page=True)
        context.close()
    assert {url.netloc for url in asked if url.scheme in ("http", "https", "ws", "wss")} == {
        urlsplit(address).netloc
    }
    assert complaints == []


def settle(page):
    """Wait until the page is drawn; it must have no error on it."""
    page.wait_for_selector(READY)
    assert page.locator(TROUBLE).all_inner_texts() == []


def turn_to(page, name):
    page.get_by_role("link", name=name, exact=True).first.click()
    arrive(page, name)


def arrive(page, name):
    page.get_by_role("heading", name=name, level=1, exact=True).wait_for()
    settle(page)


def choose(page, label, option):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def parameters(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def table_file(page, name, tmp_path):
    """What an export button gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(rf"^{re.escape(name)} ")).click()
    path = tmp_path / name
    download.value.save_as(path)
    page.keyboard.press("Escape")
    return path.read_bytes()


def no_raw_csv(page):
    """Streamlit's own buttons above each table have none for CSV: it would keep formulas."""
    for table in page.get_by_test_id("stDataFrame").all():
        table.hover()
        buttons = table.locator("xpath=ancestor::*[@data-testid='stFullScreenFrame'][1]").get_by_role(
            "button"
        )
        names = [button.get_attribute("aria-label") for button in buttons.all()]
        assert sorted(names) == ["Fullscreen", "Search", "Show/hide columns"]


def open_organisers(page, token):
    page.get_by_text("Organisers", exact=True).click()
    page.get_by_label("Token").fill(token)
    page.get_by_label("Token").press("Enter")


def test_a_walk_from_the_standings_to_a_submission(visit, store, played, tmp_path):
    page = visit()
    arrive(page, "Standings")
    page.get_by_text("2 scenes, 2 listeners").wait_for()
    expect(page.get_by_role("rowheader", name="oracle_mask")).to_be_visible()
    page.get_by_role("tab", name="Every figure").click()
    expect(page.locator("canvas[data-testid='data-grid-canvas']").first).to_be_visible()
    no_raw_csv(page)
    page.get_by_role("button", name="Export table").first.click()
    shown = table_file(page, "standings-cad_icassp_2024.csv", tmp_path).decode()
    assert [line.split(",")[2] for line in shown.splitlines()[1:]] == ["ideal", "oracle_mask", "passthrough"]
    page.get_by_role("tab", name="Charts").click()
    page.get_by_role("button", name="Export chart").first.click()
    assert table_file(page, "intervals-haaqi.png", tmp_path).startswith(b"\x89PNG")
    assert page.screenshot(path=tmp_path / "standings.png", full_page=True)
    turn_to(page, "Listeners")
    choose(page, "Listener", "L9005")
    page.wait_for_url(re.compile("listener=L9005"))
    expect(page.get_by_text(PLACE)).to_contain_text("of 2 by HAAQI (intrusive)")
    page.get_by_text("Hearing threshold (dB HL)").wait_for()
    assert page.screenshot(path=tmp_path / "listeners.png", full_page=True)
    turn_to(page, "Compare")
    choose(page, "First", "demo / ideal")
    choose(page, "Second", f"{real_round.NASTY} / passthrough")
    page.get_by_text("demo / ideal is better").or_(page.get_by_text("are not told apart")).wait_for()
    assert page.screenshot(path=tmp_path / "compare.png", full_page=True)
    turn_to(page, "Submit and status")
    page.get_by_text("Only organisers upload here").wait_for()
    open_organisers(page, add_token(store, "Ada"))
    page.get_by_label("Team").fill(real_round.NASTY)
    page.get_by_label("System").fill("no_amplification")
    zipped = played[1]["no_amplification"]
    page.locator('input[type="file"]').set_input_files(zipped)
    page.get_by_text(zipped.name).wait_for()
    page.get_by_role("button", name="Check and hand in").click()
    page.get_by_text("a worker will score it").wait_for()
    settle(page)
    newest = submissions(store)[0]
    assert (newest.system.team, newest.state) == (real_round.NASTY, "queued")
    assert page.screenshot(path=tmp_path / "status.png", full_page=True)
    real_round.call("worker", "--once", "--store", store.url.database)
    page.get_by_text("scored: every expected trial has a score").wait_for()  # seen without a click
    turn_to(page, "Standings")
    page.get_by_role("tab", name="Every figure").click()
    page.get_by_role("button", name="Export table").first.click()
    assert "no_amplification" in table_file(page, "standings-cad_icassp_2024.csv", tmp_path).decode()


def test_an_address_brings_its_view_back_on_another_computer(visit):
    page = visit("/listeners")
    arrive(page, "Listeners")
    name = f"{real_round.NASTY} / passthrough"
    choose(page, "System", name)
    choose(page, "Listener", "L9005")
    page.wait_for_url(re.compile("listener=L9005"))
    assert parameters(page) == {"system": name, "listener": "L9005"}
    other = visit(page.url.removeprefix(page.evaluate("location.origin")))
    arrive(other, "Listeners")
    for label, value in (("System", name), ("Listener", "L9005")):
        for shown in (page, other):
            expect(shown.get_by_role("combobox", name=label)).to_have_value(value)
    metrics = '[data-testid="stMetricValue"]'
    expect(other.locator(metrics)).to_have_text(page.locator(metrics).all_inner_texts())
    expect(other.get_by_text(PLACE)).to_have_text(page.get_by_text(PLACE).inner_text())
    assert other.locator("a[href*='b.example']").count() == 0


def test_programs_read_the_board_too(address):
    with urllib.request.urlopen(
        f"{address}/api/standings?challenge=cad_icassp_2024", timeout=PATIENCE
    ) as answer:
        assert {entry["system"] for entry in json.load(answer)} >= {"ideal", "passthrough"}
    elsewhere = urllib.request.Request(f"{address}/api/challenges", headers={"Origin": "http://b.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(elsewhere, timeout=PATIENCE)


def test_three_questions_take_three_clicks_each(visit):
    page = visit()
    arrive(page, "Standings")
    turn_to(page, "Best for whom")  # who is best for L9005?
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile("^L9005")))
    best = row.get_by_text(re.compile("[★☆]"))
    expect(best).to_have_count(1)
    worse = row.get_by_role("link").filter(has_not_text=re.compile("[★☆]|L9005")).last
    worse.click()  # why is another one bad for her?
    arrive(page, "System")
    expect(page.get_by_role("combobox", name="Whose trials")).to_have_value("L9005")
    expect(page.get_by_text(re.compile("SD below its mean")).first).to_be_visible()
    page.get_by_role("tab", name="Listeners").click()  # is the difference real?
    page.get_by_role("row").filter(has_text="L9005").get_by_role("link").last.click()
    arrive(page, "Compare")
    told = page.get_by_text("is better").or_(page.get_by_text("are not told apart"))
    expect(told.first).to_be_visible()


DESK = {"width": 1400, "height": 900}
LOOKS = {  # of a browser -> pages that are looked at
    "phone in the dark": "standings best system compare?tab=All%20pairs against agreement status method",
    "desk in the light": "standings best listeners system round",
}


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_has_a_serious_fault_or_scrolls_sideways(visit, address, look):
    """As axe-core finds them."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    phone = {"viewport": PHONE, "color_scheme": "dark", "has_touch": True, "is_mobile": True}
    options = phone if look.startswith("phone") else {"viewport": DESK, "color_scheme": "light"}
    page = visit(**options)
    for place in LOOKS[look].split():
        page.goto(f"{address}/{place.replace('standings', '')}")
        page.get_by_role("heading", level=1).wait_for()
        settle(page)
        page.evaluate("Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0)))")  # fades
        assert page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"], place
        faults = [v for v in axe.run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], v["nodes"][0]["html"]) for v in faults] == [], place
    colour = page.locator('[data-testid="stApp"]').evaluate("e => getComputedStyle(e).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", colour)[:3])) < 64) == look.startswith("phone")


def test_an_organiser_withdraws_a_submission(visit, store):
    token = add_token(store, "Grace")
    page = visit("/status")
    arrive(page, "Submit and status")
    newest = submissions(store)[0]
    open_organisers(page, token)
    page.get_by_role("button", name=f"Withdraw submission {newest.id}").click()
    page.get_by_text("withdrawn: taken off the board").wait_for()
    settle(page)
    assert submissions(store)[0].state == "withdrawn"
    assert token not in page.url
