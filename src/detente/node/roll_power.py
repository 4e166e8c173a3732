"""The power of the checks on one county's own roll: its rows, its churn, made tampering."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np

from detente.elections import ElectionsError
from detente.elections.rolls.hashing import blocks
from detente.elections.rolls.power import TAMPERINGS, Curve, Town, churn_of, curve, make_town
from detente.elections.rolls.power.churn import usual_churn
from detente.elections.rolls.power.month import ROWS_MAX
from detente.errors import InputError
from detente.node.roll_files import read_layout, read_log
from detente.node.roll_snapshots import chunks_of, require_snapshot


def town_of(roll: Path, layout_file: Path, log: Path | None) -> Town:
    """A county from its roll and, where there is one, its log.

    Raises:
        InputError: a file that cannot be read as what it should be.
    """
    layout = read_layout(layout_file)
    require_snapshot(roll, layout)
    try:
        size = sum(block.starts.size for block in blocks(chunks_of(roll)))
        step = max(1, size // ROWS_MAX)
        lines = (
            block.line(at) for block in blocks(chunks_of(roll)) for at in range(block.starts.size)
        )
        rows = [
            line.decode("utf-8", "replace").split(layout.separator)
            for line in islice(lines, 0, None, step)
        ]
        churn = churn_of(list(read_log(log)), layout, size=size) if log else usual_churn(layout)
        return make_town(rows, layout, churn, size=size)
    except ElectionsError as error:
        raise InputError(error.message, file=str(roll), remedy=error.remedy) from None


def power_curves(
    town: Town, *, periods: int, seed: int, watch: Callable[[str], object] = str
) -> list[Curve]:
    """The curve of every way to tamper that the layout has columns for.

    Args:
        town: whose rows and churn.
        periods: made for each size of each way.
        seed: of the dice; the same seed gives the same curves.
        watch: told of each way before it is tried.
    """
    curves = []
    for number, tampering in enumerate(TAMPERINGS.values()):
        if all(town.layout.at(role) is not None for role in tampering.needs):
            watch(str(tampering.name))
            chance = np.random.default_rng((seed, number))
            curves.append(curve(tampering, town, chance, periods=periods))
    return curves
