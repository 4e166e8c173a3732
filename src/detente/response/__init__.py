"""Cases, questions, accords, help and the ledger: who does what by when, and who said so.

For: co-ordination among members that do not trust each other: every shared step is an
entry in a thread that all who hold it put in the same order. Trusts: the issuer of a
verified statement to be the author of its entry, and nothing else; no clock orders
anything, no count of votes makes a thing true. Follows: trust.md section 2; STIX 2.1
notes with a property extension; CACAO 2.0; Recommendation (EU) 2021/1086; ICD 203.
"""

from detente.response.accords import Accord, Allegation, Bench, Outcome, Standing, accord_of
from detente.response.accounts import Asked, Line, account, flat, precision
from detente.response.aid import Aid, Duty, aid_of, duties_of, endorsed_by, plan_terms
from detente.response.attribution import UNDECIDED, Attribution, attribution_of
from detente.response.cases import Case, Hypothesis, Task, case_of, overdue
from detente.response.entries import (
    ENTRY_BYTES_MAX,
    PARENTS_MAX,
    TURNS_MAX,
    Entry,
    digest_of,
    parse_entry,
    read_entry,
)
from detente.response.errors import EntryError, PlaybookError
from detente.response.forms import Level, Sort, acts_of
from detente.response.objects import (
    ENTRY_EXTENSION,
    ENTRY_KINDS,
    due_of,
    entry_in,
    entry_object,
    in_words,
    kind_of,
)
from detente.response.questions import Message, Question, messages_of, question_of
from detente.response.threads import ALTERNATIVES_MAX, Placed, Thread, arrange, depths_of

__all__ = [
    "ALTERNATIVES_MAX",
    "ENTRY_BYTES_MAX",
    "ENTRY_EXTENSION",
    "ENTRY_KINDS",
    "PARENTS_MAX",
    "TURNS_MAX",
    "UNDECIDED",
    "Accord",
    "Aid",
    "Allegation",
    "Asked",
    "Attribution",
    "Bench",
    "Case",
    "Duty",
    "Entry",
    "EntryError",
    "Hypothesis",
    "Level",
    "Line",
    "Message",
    "Outcome",
    "Placed",
    "PlaybookError",
    "Question",
    "Sort",
    "Standing",
    "Task",
    "Thread",
    "accord_of",
    "account",
    "acts_of",
    "aid_of",
    "arrange",
    "attribution_of",
    "case_of",
    "depths_of",
    "digest_of",
    "due_of",
    "duties_of",
    "endorsed_by",
    "entry_in",
    "entry_object",
    "flat",
    "in_words",
    "kind_of",
    "messages_of",
    "overdue",
    "parse_entry",
    "plan_terms",
    "precision",
    "question_of",
    "read_entry",
]
