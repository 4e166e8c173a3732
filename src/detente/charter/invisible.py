"""Characters that show nothing, whatever their category says (attack A15).

Default_Ignorable_Code_Point of Unicode 16.0 (DerivedCoreProperties.txt), which
`unicodedata` does not carry, and letters and marks that are drawn as a blank. Among
the first are letters (the Hangul fillers) and marks (the combining grapheme joiner,
the variation selectors), so a look at categories lets them pass.
"""

from bisect import bisect_right

# First and last of each range, ascending.
_DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul choseong and jungseong fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
    (0x200B, 0x200F),  # zero width space, joiners, directional marks
    (0x202A, 0x202E),  # bidirectional embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates, deprecated formats
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # zero width no-break space
    (0xFFA0, 0xFFA0),  # half-width Hangul filler
    (0xFFF0, 0xFFF8),  # unassigned
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, variation selectors 17 to 256, unassigned
)
_BLANK = (
    (0x2800, 0x2800),  # Braille pattern blank
    (0x13441, 0x13442),  # Egyptian hieroglyph full and half blank
    (0x16FE4, 0x16FE4),  # Khitan small script filler
    (0x1D159, 0x1D159),  # musical symbol null notehead
)
_RANGES = tuple(sorted((*_DEFAULT_IGNORABLE, *_BLANK)))
_STARTS = tuple(first for first, _ in _RANGES)


def shows_nothing(character: str) -> bool:
    """Say whether a character is default ignorable, or a letter, mark or symbol drawn blank."""
    code = ord(character)
    place = bisect_right(_STARTS, code) - 1
    return place >= 0 and code <= _RANGES[place][1]
