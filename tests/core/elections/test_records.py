"""Records of every published format become columns; nothing of a bad file is taken."""

import csv
import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.audit.cards import Cards
from detente.elections.records import (
    Batch,
    BatchTotals,
    CardIds,
    print_batch_totals,
    print_choices,
    print_manifest,
    print_raire,
    read_batch_totals,
    read_choices,
    read_cvr_json,
    read_cvr_xml,
    read_dominion,
    read_dominion_table,
    read_manifest,
    read_raire,
)
from detente.elections.records.scanning import as_words, cut, distinct

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9)
PLAIN = NAMES.filter(lambda name: "," not in name and '"' not in name and name.strip() == name)
DOMINION = """2026 General,5.10,,,,,,
,,,,"Mayor, of A (Vote For=1)","Mayor, of A (Vote For=1)",Board (Vote For=2),Board (Vote For=2)
,,,,Ann,"Bo, Jr",Cy,Di
CvrNumber,TabulatorNum,BatchId,RecordId,,,,
"""


def in_pieces(data, size=7):
    return [data[at : at + size] for at in range(0, len(data), size)]


def said(cards):
    return [(card, cards.marks[n]) for card, n in zip(cards.ids, cards.which.tolist(), strict=True)]


@st.composite
def contests(draw):
    made = []
    names = draw(st.lists(PLAIN, min_size=1, max_size=3, unique=True))
    cards = draw(st.lists(PLAIN, max_size=8, unique=True))
    for name in names:
        people = draw(st.lists(PLAIN, min_size=1, max_size=4, unique=True))
        rows = [draw(st.lists(st.sampled_from(people), unique=True)) for _ in cards]
        marks = list(dict.fromkeys(map(tuple, rows)))
        which = np.asarray([marks.index(tuple(row)) for row in rows], dtype=np.uint8)
        made.append(Cards(name, tuple(people), CardIds.of(cards), tuple(marks), which))
    return made


@given(contests(), st.integers(1, 60))
@settings(max_examples=60)
def test_what_is_written_for_raire_is_read_back(every, size):
    data = b"".join(print_raire(every))
    read = read_raire(in_pieces(data, size)).contests
    assert {name: (each.candidates, said(each)) for name, each in read.items()} == {
        each.contest: (each.candidates, said(each)) for each in every
    }


@given(contests().filter(lambda every: "choice" not in [e.contest.lower() for e in every]))
@settings(max_examples=60)
def test_a_table_of_choices_is_read_back(every):
    single = [e.renamed(e.candidates, [m[:1] for m in e.marks]) for e in every]
    data = b"".join(print_choices(single))
    if any(e.contest.lower() == "card" for e in every):
        return
    read = read_choices(in_pieces(data), "f").contests
    assert [said(read[e.contest]) for e in single] == [said(e) for e in single]


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\0", b"-")), max_size=40))
def test_equal_fields_are_one_class_and_others_are_not(values):
    classes, samples = distinct(as_words(values))
    assert [values[samples[n]] for n in classes.tolist()] == values


def test_fields_made_to_collide_are_still_told_apart():
    rows = np.zeros((4, 2), dtype=np.uint64)
    rows[1, 0], rows[2, 1], rows[3] = 5, 7, (5, 7)
    classes, _ = distinct(rows)
    assert sorted(classes.tolist()) == [0, 1, 2, 3]


@given(st.lists(st.text("ab,", max_size=5), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_lines_are_cut_where_they_end(lines, end):
    data = "".join(line + end for line in lines).encode()
    seen = cut(data)
    assert [seen.text(at).decode() for at in range(seen.starts.size)] == lines
    assert seen.commas.tolist() == [line.count(",") for line in lines]


@given(st.lists(NAMES, max_size=20, unique=True), st.sets(NAMES, max_size=5))
def test_ids_find_their_places(names, wanted):
    ids = CardIds.of(names)
    assert list(ids) == names
    assert ids.places(wanted | set(names[:2])) == {
        name: at for at, name in enumerate(names) if name in wanted | set(names[:2])
    }


def test_dominions_table_gives_each_contest_the_cards_that_show_it():
    rows = '1,3,800,1,1,0,,\n2,3,800,2,0,"0",1,1\n3,3,800,3,1,1,,\n'
    read = read_dominion_table(in_pieces((DOMINION + rows).encode()))
    assert read.seats == {"Mayor, of A": 1, "Board": 2}
    assert said(read.contests["Mayor, of A"]) == [
        ("3-800-1", ("Ann",)),
        ("3-800-2", ()),
        ("3-800-3", ()),  # two marks where one is allowed
    ]
    assert said(read.contests["Board"]) == [("3-800-2", ("Cy", "Di"))]


def test_dominions_rankings_end_at_a_rank_marked_twice():
    head = ',"Mayor (Number of positions=1, Number of ranks=2)"' * 4
    text = f"v,1,,,\n{head}\n,Ann(1),Ann(2),Bo(1),Bo(2)\nImprintedId,,,,\n"
    read = read_dominion_table([(text + "a,1,0,0,1\nb,0,1,1,0\nc,1,0,1,0\nd,1,1,0,0\n").encode()])
    assert [marks for _, marks in said(read.contests["Mayor"])] == [
        ("Ann", "Bo"),
        ("Bo", "Ann"),
        (),
        ("Ann",),
    ]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,3,800,1,1,2,,\n", "line 5: column 6: '2' is neither 0 nor 1"),
        ("1,3,800,1,1,10,,\n", "line 5: column 6: neither"),
        ("1,3,800,1,1\n2,3\n", "line 5: 5 columns instead of 8; line 6: 2 columns"),
        ('1,3,800,"1,1,0,,\n', "line 5: a broken line"),
        ("1,3,800,1,1,0,,\n1,3,800,1,1,0,,\n", "stands twice in the records: '3-800-1'"),
    ],
)
def test_bad_rows_of_dominions_table_are_told(rows, told):
    with pytest.raises(ElectionsError) as caught:
        read_dominion_table([(DOMINION + rows).encode()])
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"card,choice\na,b\0\n", "line 2: a zero byte"),
        (b"card,choice\na,\xff\n", "line 2: not UTF-8"),
        (b"crad,choice\n", "near: crad"),
        (b"card,choice\n" + b"x" * 300 + b",a\n", "a field of more than 128 bytes"),
        (b"card,choice\n,x\nb\nc,d,e\n", "3 rows"),
        (b"card,choice\n" + b"z" * 2_000_000, "a line has more than"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_lines(data, told):
    with pytest.raises(ElectionsError) as caught:
        read_choices(in_pieces(data, 4096), "f")
    assert told in caught.value.message


def test_columns_of_other_names_are_read_by_a_map():
    names = {"card": "Imprint", "Mayor": "Race 1"}
    read = read_choices([b"Race 1,Imprint\nAnn,c1\n"], "f", names)
    assert said(read.contests["Mayor"]) == [("c1", ("Ann",))]
    with pytest.raises(ElectionsError, match=r"'Race 2' \(near: Race 1\)"):
        read_choices([b"Race 1,Imprint\n"], "f", {"card": "Imprint", "Mayor": "Race 2"})


def test_an_unknown_candidate_and_contest_are_told_with_near_names():
    head = b"1\nContest,mayor,2,anna,bob\n"
    with pytest.raises(ElectionsError) as caught:
        read_raire([head + b"mayor,c1,ana\nmayr,c2,bob\nmayor,c3,ana\n"])
    for told in ("3 rows", "line 3: a card names 'ana'", "near: anna", "line 4", "near: mayor"):
        assert told in caught.value.message


@pytest.mark.parametrize("read", [
    lambda data: read_raire([data]),
    lambda data: read_raire([b"1\nContest,7,2,a,b\n" + data]),
    lambda data: read_choices([b"card,choice\n" + data], "f"),
    lambda data: read_dominion_table([DOMINION.encode() + data]),
    lambda data: read_cvr_xml([b"<CastVoteRecordReport><CVR>" + data]),
    read_manifest,
    lambda data: read_manifest(b"Batch Name,Number of Ballots\n" + data),
    lambda data: read_batch_totals(b"Batch Name,A\n" + data),
])  # fmt: skip
@given(data=st.binary(max_size=120) | st.text("7,ab1\n\"'<>/", max_size=60).map(str.encode))
def test_no_bytes_break_a_reader(read, data):
    with suppress(ElectionsError):
        read(data)


WORDS = [
    *("Sessions", "Original", "Cards", "Contests", "Marks", "Id", "RecordId", "TabulatorId"),
    *("BatchId", "IsVote", "CandidateId", "Rank", "CVR", "CVRSnapshot", "CVRContest", "List"),
    *("Election", "Contest", "ContestSelection", "@id", "Modified", "IsCurrent"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.text("aX1", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS), inner, max_size=5)
    ), max_leaves=20)  # fmt: skip


@given(JSON, JSON, JSON)
def test_no_json_breaks_a_reader(document, contests, people):
    with suppress(ElectionsError):
        read_dominion(document, contests, people)
    with suppress(ElectionsError):
        read_dominion({"Sessions": [document]}, contests, people)
    with suppress(ElectionsError):
        read_cvr_json(
            {"@type": "CVR.CastVoteRecordReport", "CVR": [document], "Election": [people]}
        )


def session(record, *contests):
    rows = [
        {"Id": key, "Marks": [{"CandidateId": c, "Rank": r, "IsVote": v} for c, r, v in marks]}
        for key, marks in contests
    ]
    return {"TabulatorId": 1, "BatchId": 2, "RecordId": record, "Original": {"Contests": rows}}


def test_dominions_json_is_read_with_its_manifests():
    people = [(1, "Ann", 7), (2, "Bo", 7), (3, "Bo", 7), (4, "Yes", 8)]
    listed = [{"Id": i, "Description": name, "ContestId": of} for i, name, of in people]
    named = [{"Id": 7, "Description": "Mayor", "VoteFor": 1, "NumOfRanks": 3},
             {"Id": 8, "Description": "Levy", "VoteFor": 1, "NumOfRanks": 0}]  # fmt: skip
    altered = session(2, (7, [(1, 1, True)])) | {
        "Modified": {"IsCurrent": True} | session(0, (7, [(2, 1, True)]))["Original"]
    }
    seen = session(1, (7, [(3, 2, True), (1, 1, True), (2, 3, False)]), (8, [(4, 1, True)]))
    read = read_dominion({"Sessions": [seen, altered]}, {"List": named}, {"List": listed})
    assert said(read.contests["Mayor"]) == [("1-2-1", ("Ann", "Bo (3)")), ("1-2-2", ("Bo",))]
    assert said(read.contests["Levy"]) == [("1-2-1", ("Yes",))]
    with pytest.raises(ElectionsError, match="no contest '9' in the manifest"):
        read_dominion({"Sessions": [session(1, (9, []))]}, {"List": named}, {"List": listed})
    with pytest.raises(ElectionsError, match="a card names '5', who does not stand"):
        read_dominion(
            {"Sessions": [session(1, (8, [(5, 1, True)]))]}, {"List": named}, {"List": listed}
        )


CVR = """<CastVoteRecordReport><CVR><CurrentSnapshotId>s2</CurrentSnapshotId>
<CVRSnapshot ObjectId="s1"/><CVRSnapshot ObjectId="s2"><CVRContest><ContestId>c</ContestId>
<CVRContestSelection><ContestSelectionId>x</ContestSelectionId>
<SelectionPosition><HasIndication>yes</HasIndication>{allocable}<NumberVotes>1</NumberVotes>
</SelectionPosition></CVRContestSelection></CVRContest></CVRSnapshot><UniqueId>1</UniqueId></CVR>
<Election><Candidate ObjectId="p"><Name>Ann
  Lee</Name></Candidate><Contest ObjectId="c"><ContestSelection ObjectId="x">
<CandidateIds>p</CandidateIds></ContestSelection><Name>Mayor</Name><VotesAllowed>1</VotesAllowed>
</Contest></Election></CastVoteRecordReport>"""


@pytest.mark.parametrize(
    ("allocable", "marks"), [("", ("Ann Lee",)), ("<IsAllocable>no</IsAllocable>", ())]
)
def test_the_current_snapshot_of_a_standard_record_counts(allocable, marks):
    data = CVR.format(allocable=allocable).encode()
    assert said(read_cvr_xml(in_pieces(data)).contests["Mayor"]) == [("1", marks)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<x/>", "line 1: the root is 'x'"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "defines a document type"),
        (CVR.format(allocable="")[:300], "broken XML"),
        (
            CVR.format(allocable="")
            .replace("<Contest O", "<Kontest O")
            .replace("</Contest>", "</Kontest>"),
            "does not define",
        ),
        (CVR.format(allocable="").replace("s2</Cur", "s3</Cur"), "line 1: no snapshot 's3'"),
        ("<CastVoteRecordReport>" + "<a>" * 40, "nests deeper"),
        ('<?xml version="1.0" encoding="nonsense"?><a/>', "broken XML"),
    ],
)
def test_xml_that_is_no_report_is_refused(text, told):
    with pytest.raises(ElectionsError) as caught:
        read_cvr_xml([text.encode()])
    assert told in caught.value.message


BATCHES = st.lists(
    st.builds(Batch, PLAIN, st.integers(0, 999), PLAIN | st.just(""), PLAIN | st.just("")),
    min_size=1,
    unique_by=lambda each: each.name,
)


@given(BATCHES)
def test_manifests_are_read_back(batches):
    assert read_manifest(print_manifest(batches)) == tuple(batches)


@given(st.lists(PLAIN, min_size=1, max_size=4, unique_by=str.lower), BATCHES, st.data())
def test_batch_totals_are_read_back(choices, batches, data):
    if any(name.lower() in ("batch name", "batchid", "batch") for name in choices):
        return
    counts = {
        each.name: tuple(data.draw(st.integers(0, 9_999)) for _ in choices) for each in batches
    }
    totals = BatchTotals(tuple(choices), counts)
    assert read_batch_totals(print_batch_totals(totals), batches) == totals


def test_a_batch_that_no_manifest_has_is_told_with_what_is_near():
    known = read_manifest(b"Batch Name,Number of Ballots\nBatch 12,5\n")
    with pytest.raises(ElectionsError) as caught:
        read_batch_totals(b"Batch Name,A\nBatch 21,3\nBatch 12,-4\n", known)
    assert "not in the manifest (near: Batch 12); line 3: '-4' is no count" in caught.value.message


def test_a_batch_knows_its_cards():
    (batch,) = read_manifest(b"ScannerID,BatchID,NumBallots\n3,800,2\n")
    assert list(batch.cards()) == ["3-800-1", "3-800-2"]


def test_the_table_agrees_with_a_plain_reader():
    rows = [[f"c{n}", "Ann" if n % 3 else "", f"x, {n % 2}"] for n in range(300)]
    out = io.StringIO()
    csv.writer(out).writerows([["card", "A", "B"], *rows])
    read = read_choices(in_pieces(out.getvalue().encode(), 50), "f").contests
    assert said(read["A"]) == [(row[0], (row[1],) if row[1] else ()) for row in rows]
    assert said(read["B"]) == [(row[0], (row[2],)) for row in rows]
