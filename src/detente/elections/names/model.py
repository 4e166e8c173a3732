"""What a look at names comes to."""

from dataclasses import dataclass
from enum import StrEnum


class Likeness(StrEnum):
    """In which way an observed name is like a protected one; the first thirteen are dnstwist's."""

    ADDITION = "addition"
    BITSQUATTING = "bitsquatting"
    HOMOGLYPH = "homoglyph"
    HYPHENATION = "hyphenation"
    INSERTION = "insertion"
    OMISSION = "omission"
    PLURAL = "plural"
    REPETITION = "repetition"
    REPLACEMENT = "replacement"
    SUBDOMAIN = "subdomain"
    TRANSPOSITION = "transposition"
    VOWEL_SWAP = "vowel-swap"
    VARIOUS = "various"
    CYRILLIC = "cyrillic"
    DICTIONARY = "dictionary"
    TLD_SWAP = "tld-swap"
    WORD_ORDER = "word-order"
    ABBREVIATION = "abbreviation"
    DROPPED_DOT = "dropped-dot"
    BRAND_AS_SUBDOMAIN = "brand-as-subdomain"


WORDS: dict[Likeness, str] = {
    Likeness.ADDITION: "one more letter at the end",
    Likeness.BITSQUATTING: "one letter that differs by one bit",
    Likeness.HOMOGLYPH: "letters that look like others",
    Likeness.HYPHENATION: "a hyphen more or less",
    Likeness.INSERTION: "one more letter inside",
    Likeness.OMISSION: "one letter less",
    Likeness.PLURAL: "one more s",
    Likeness.REPETITION: "one letter twice",
    Likeness.REPLACEMENT: "one letter for another",
    Likeness.SUBDOMAIN: "a dot more or elsewhere",
    Likeness.TRANSPOSITION: "two letters changed places",
    Likeness.VOWEL_SWAP: "one vowel for another",
    Likeness.VARIOUS: "www or the ending written into the name",
    Likeness.CYRILLIC: "a whole word in another script",
    Likeness.DICTIONARY: "an election word before or after",
    Likeness.TLD_SWAP: "another ending",
    Likeness.WORD_ORDER: "the same words in another order",
    Likeness.ABBREVIATION: "a word for its abbreviation",
    Likeness.DROPPED_DOT: "a dot less",
    Likeness.BRAND_AS_SUBDOMAIN: "the whole name in front of somebody else's",
}
"""Each likeness in words for people."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """One observed name that is like a protected one.

    Attributes:
        observed: as it was seen.
        protects: the protected name it is like.
        likeness: in which way.
        score: 0 to 1; how close, before anything else is known of it.
    """

    observed: str
    protects: str
    likeness: Likeness
    score: float
