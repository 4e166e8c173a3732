"""The first administrator comes in by a printed link and a passkey, and lets others in."""

import json
import re
import subprocess
import sys

import pytest

from detente.node.home import Home
from tests.edge.running_nodes import eventually, free_port


@pytest.fixture
def office(tmp_path):
    """A node of one office at work, with pages; stopped at the end."""
    directory, port = tmp_path / "office", free_port()
    Home.create(directory, name="Aurel").close()
    command = [sys.executable, "-m", "detente", "run", str(directory)]
    running = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--console", f"localhost:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    eventually(lambda: all((directory / n).exists() for n in ("console.json", "control.sock")))
    yield directory
    running.terminate()
    said = running.communicate(timeout=60)[1].decode()
    assert "Traceback" not in said, said


def link_for_the_first(directory, name):
    done = subprocess.run(
        [sys.executable, "-m", "detente", "console", str(directory), "--first", name, "--json"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)["url"]


def test_the_first_administrator_enrols_signs_in_and_adds_an_analyst(office, page):
    link = link_for_the_first(office, "Ada Lovelace")
    page.goto(link)
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url(re.compile("/me"))
    assert "Print recovery codes now" in page.content()
    page.get_by_role("button", name="Make new codes").click()
    assert page.locator(".secret li").count() == 8
    # Out, and in again by the passkey alone.
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/enter"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile("/(trail|people|me)"))
    # The link was used up.
    page.goto(link.replace("#", "?again#"))
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_text("this link or code counts for nothing").wait_for()


def test_a_person_added_by_name_and_role_comes_in_by_a_link_of_its_own(office, page):
    page.goto(link_for_the_first(office, "Ada Lovelace"))
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url(re.compile("/me"))
    page.goto(page.url.partition("/me")[0] + "/people")
    page.get_by_label("Name", exact=True).fill("Grace")
    page.locator("form").last.get_by_label("analyst").check()
    page.get_by_role("button", name="Add, and show the link").click()
    link = page.locator(".secret code").inner_text()
    page.goto(link.replace("#", "?x#"))
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url(re.compile("/me"))
    page.goto(page.url.partition("/me")[0] + "/")
    assert page.locator("h1").inner_text() == "Nothing was found in the last day."
    page.goto(page.url + "people")
    assert "No role of yours may do this" in page.content()
