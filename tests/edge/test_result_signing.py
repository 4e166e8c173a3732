"""Who signed figures is known, a changed file is told, and a rehearsal never passes for real."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.errors import InputError
from detente.node import office_signer
from detente.node.office_signer import SignerError, new_key, open_key, sign, verify
from detente.node.result_files import REHEARSAL_LINE, check_results
from detente.node.signed_figures import trusted

WORDS = "a passphrase long enough"
FIGURES = "county,office,candidate,votes\nArden,Mayor,Ann,110\nArden,Mayor,Bo,90\n"


@pytest.fixture(autouse=True)
def quick_stretching(monkeypatch):
    monkeypatch.setattr(office_signer, "_SCRYPT_N", 2**4)


@pytest.fixture
def office(tmp_path):
    sealed, public = new_key("Arden County", WORDS)
    (tmp_path / "arden.key").write_bytes(sealed)
    (tmp_path / "arden.key.public").write_bytes(public)
    (tmp_path / "words").write_text(WORDS)
    night = tmp_path / "night"
    night.mkdir()
    (night / "county.csv").write_text(FIGURES)
    return tmp_path


def run(*words):
    done = CliRunner().invoke(
        root, ["elections", "results", *map(str, words), "--json"], standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    return done.return_value, json.loads(done.stdout)


def seal(office, *more):
    key = ("--key", office / "arden.key", "--passphrase-file", office / "words")
    return run("sign", office / "night" / "county.csv", *key, *more)


def checked(office, trust=True):
    return check_results(
        office / "night", offices=trusted([office / "arden.key.public"] if trust else [])
    )


def test_a_signed_file_is_said_to_be_signed_and_another_to_be_unsigned(office):
    seal(office)
    (office / "night" / "public.csv").write_text(FIGURES.replace("90", "120"))
    seen = checked(office)
    assert "county.csv: signed by Arden County" in seen.notes
    assert "public.csv: unsigned" in seen.notes
    assert "(signed by Arden County)" in seen.differences[0].explanation


def test_a_signature_that_nobody_vouches_for_is_shown_as_unsigned(office):
    seal(office)
    seen = checked(office, trust=False)
    assert seen.notes == ("county.csv: unsigned: its signature is by no key that was vouched for",)


def test_a_file_changed_after_it_was_signed_is_the_first_thing_told(office):
    seal(office)
    (office / "night" / "county.csv").write_text(FIGURES.replace("90", "91"))
    first = checked(office).differences[0]
    assert first.check == "signature"
    assert "Innocent" in first.explanation
    status, rows = run("verify", office / "night" / "county.csv", "--trust", office / "arden.key.public")  # fmt: skip  # noqa: E501
    assert (status, rows[0]["good"]) == (1, False)


@pytest.mark.parametrize("trust", [True, False])
def test_what_is_signed_as_a_rehearsal_is_never_taken_for_real(office, trust):
    seal(office, "--rehearsal")
    (office / "night" / "public.csv").write_text(FIGURES)
    seen = checked(office, trust=trust)
    assert seen.differences[0].check == "test_flag"
    assert {each.source for each in seen.reports if each.is_test} == {"county.csv"}
    (office / "night" / "public.csv").unlink()
    alone = checked(office, trust=trust)
    assert alone.is_rehearsal
    assert alone.line.startswith(REHEARSAL_LINE)


def test_a_rehearsal_that_was_saved_again_or_converted_is_one_still(office):
    seal(office, "--rehearsal")
    file = office / "night" / "county.csv"
    status, made = run("convert", file, "--to", "csv", "--out", office / "out.csv")
    assert (status, made["holds"].partition(", ")[2]) == (0, "of a rehearsal")
    assert ",yes" in (office / "out.csv").read_text()
    file.write_text(FIGURES + "\n")
    seen = checked(office)
    assert seen.line.startswith(REHEARSAL_LINE)
    assert "signature" in [each.check for each in seen.differences]


def test_figures_that_say_they_are_a_rehearsal_are_not_signed_as_real(office):
    head, _, rows = FIGURES.partition("\n")
    marked = f"{head},test\n" + rows.replace("\n", ",yes\n")
    (office / "night" / "county.csv").write_text(marked)
    with pytest.raises(InputError, match="says that it is a rehearsal"):
        seal(office)
    assert seal(office, "--rehearsal")[1]["type"] == "rehearsal"


def test_a_rehearsals_signature_under_the_name_of_figures_does_not_verify(office):
    _, key = open_key((office / "arden.key").read_bytes(), WORDS)
    public = key.public_key().public_bytes_raw()
    envelope = sign(office / "night" / "county.csv", "Arden County", key, "rehearsal", "now")
    assert verify(envelope, public)["type"] == "rehearsal"
    with pytest.raises(SignerError, match="not by this key"):
        verify(envelope.replace(b".rehearsal.", b".figures."), public)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b"[" * 5_000, b'{"kind": "detente office key v1"}', b"x" * 70_000],
)
def test_no_bytes_are_taken_for_a_key_or_a_signature(data):
    with pytest.raises(SignerError):
        open_key(data, WORDS)
    with pytest.raises(SignerError):
        verify(data, bytes(32))


def test_another_passphrase_or_an_altered_office_opens_nothing(office):
    data = (office / "arden.key").read_bytes()
    for wounded, words in ((data, "another passphrase"), (data.replace(b"Arden", b"Borea"), WORDS)):
        with pytest.raises(SignerError, match="does not open"):
            open_key(wounded, words)


def test_a_key_is_sealed_at_rest_and_not_written_over(office):
    words = ("--passphrase-file", office / "words", "--office", "Borea")
    _, made = run("key", "--out", office / "borea.key", *words)
    assert (office / "borea.key").stat().st_mode & 0o077 == 0
    assert set(json.loads((office / "borea.key").read_text())) == {
        "kind", "office", "public", "salt", "nonce", "sealed"
    }  # fmt: skip
    with pytest.raises(InputError, match="not written over"):
        run("key", "--out", office / "borea.key", *words)
    assert made["public"].endswith("borea.key.public")


def test_the_offline_signer_is_one_file_that_needs_nothing_of_ours(office):
    signer = office / "sign_figures.py"
    run("signer", "--out", signer)
    assert "detente." not in "\n".join(
        line for line in signer.read_text().splitlines() if line.startswith(("import", "from"))
    )
    figures = office / "night" / "county.csv"
    opened = ("--passphrase-file", office / "words")
    for words in (
        ("new-key", "--office", "Cedar", "--out", office / "c.key", *opened),
        ("sign", "--key", office / "c.key", *opened, figures),
        ("verify", "--public", office / "c.key.public", figures),
    ):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-I", signer, *words], capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
    status, rows = run("verify", figures, "--trust", office / "c.key.public")
    assert (status, rows[0]["office"]) == (0, "Cedar")
