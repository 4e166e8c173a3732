"""An officer audits whole batches from the files that other audit tools take."""

import pytest

from tests.edge.typed import Terminal

SEED = "31415926535897932384"
NAMES = [f"Box {n}" for n in range(1, 31)]


@pytest.fixture
def typed(monkeypatch, capsysbinary):
    terminal = Terminal(monkeypatch, capsysbinary)
    return lambda *words: terminal("elections", "audit", "batches", *words)


def files(folder, *, votes="120,80"):
    manifest, totals = folder / "manifest.csv", folder / "totals.csv"
    rows = [f"{name},210" for name in NAMES]
    manifest.write_text("\n".join(["Batch Name,Number of Ballots", *rows]) + "\n")
    rows = [f"{name},{votes}" for name in NAMES]
    totals.write_text("\n".join(["Batch Name,Ash,Birch", *rows]) + "\n")
    return manifest, totals


def test_planned_drawn_counted_and_confirmed(typed, tmp_path):
    manifest, totals = files(tmp_path)
    planned = typed(manifest, totals, "--json")
    assert planned.status == 0, planned.err
    plan = planned.document
    assert (plan["winners"], plan["margin"], plan["drawn"]) == (["Ash"], 1200, [])
    drawn = typed(manifest, totals, "--seed", SEED, "--json").document["drawn"]
    assert len(drawn) == plan["draws"]
    found = tmp_path / "found.csv"
    rows = [f"{name},120,80" for name in sorted(set(drawn))]
    found.write_text("\n".join(["Batch Name,Ash,Birch", *rows]) + "\n")
    told = typed(manifest, totals, "--seed", SEED, "--counted", found, "--json")
    assert told.status == 0, told.err
    assert told.document["is_met"] is True
    # One box held other votes than it reported: the limit is not met any more.
    rows[0] = f"{sorted(set(drawn))[0]},20,180"
    found.write_text("\n".join(["Batch Name,Ash,Birch", *rows]) + "\n")
    told = typed(manifest, totals, "--seed", SEED, "--counted", found, "--json")
    assert (told.status, told.document["is_met"]) == (1, False)


def test_files_that_do_not_fit_are_refused_with_file_line_and_remedy(typed, tmp_path):
    manifest, totals = files(tmp_path)
    totals.write_text(totals.read_text().replace("Box 7,", "Box 77,"))
    refused = typed(manifest, totals)
    assert refused.status == 2
    assert "totals.csv" in refused.err
    assert "'Box 77' is not in the manifest" in refused.err
    assert "Box 7" in refused.err
    assert typed(manifest, tmp_path / "none.csv").status == 2
    manifest, totals = files(tmp_path, votes="100,100")
    assert "count all of it by hand" in typed(manifest, totals).err
    manifest, totals = files(tmp_path)
    assert typed(manifest, totals, "--counted", totals).status == 2
    assert "twenty" in typed(manifest, totals, "--seed", "12").err
