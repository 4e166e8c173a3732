"""Another library compares the same two snapshots; run by the interpreter that has it.

`python bench/_roll_peers.py polars|pandas BEFORE AFTER KEY` prints one JSON line: seconds
of the clock and of the processor, counts, peak memory. It imports nothing of ours.
"""

import json
import resource
import sys
import time


def _polars(before: str, after: str, key: str) -> dict[str, int]:
    import polars as pl

    first, second = (
        pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None)
        for path in (before, after)
    )
    both = first.join(second, on=key, how="inner", suffix="_new")
    columns = [name for name in first.columns if name != key]
    counts = both.select(
        [pl.col(name).ne_missing(pl.col(f"{name}_new")).sum().alias(name) for name in columns]
    ).row(0)
    changed = both.select(
        pl.any_horizontal([pl.col(n).ne_missing(pl.col(f"{n}_new")) for n in columns]).sum()
    ).item()
    return {
        "removed": first.height - both.height,
        "added": second.height - both.height,
        "changed": int(changed),
        "cells": int(sum(counts)),
    }


def _pandas(before: str, after: str, key: str) -> dict[str, int]:
    import pandas as pd

    first, second = (
        pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=3).set_index(key)
        for path in (before, after)
    )
    common = first.index.intersection(second.index)
    differs = first.loc[common].ne(second.loc[common])
    return {
        "removed": len(first) - len(common),
        "added": len(second) - len(common),
        "changed": int(differs.any(axis=1).sum()),
        "cells": int(differs.to_numpy().sum()),
    }


def main() -> None:
    """Compare once."""
    name, before, after, key = sys.argv[1:]
    compare = {"polars": _polars, "pandas": _pandas}[name]
    start, busy = time.perf_counter(), time.process_time()
    counts = compare(before, after, key)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {"seconds": seconds, "busy": busy, "peak_rss_mb": peak}
    sys.stdout.write(json.dumps(told | counts) + "\n")


if __name__ == "__main__":
    main()
