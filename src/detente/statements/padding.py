"""Padmé: sizes that tell an onlooker little, at a cost of at most 12 %.

Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs", PoPETs 2019 (4), section 4.
"""

CONTENT_BYTES_MAX = 2**32


def padme(size: int) -> int:
    """Return the smallest Padmé size that holds `size` bytes.

    >>> [padme(n) for n in (0, 1, 9, 100, 1000, 100_000)]
    [0, 1, 10, 104, 1024, 100352]
    """
    if size < 2:  # noqa: PLR2004  no bits to round
        return size
    exponent = size.bit_length() - 1
    zero_bits = exponent - exponent.bit_length()
    mask = (1 << zero_bits) - 1
    return (size + mask) & ~mask
