"""What every test shares: repeatable randomness, and a count of the outside verifiers.

A test marked `@pytest.mark.outside("name")` asks code that we did not write. The
closing summary says how many of those ran, and why the others did not, so that a
green run cannot hide a missing toolchain.
"""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.shared import SOAK

# In check the same red is red on every machine; soak draws anew each time.
settings.register_profile(
    "check", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "soak", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("soak" if SOAK else "check")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "outside(name): asks a verifier written by others; the summary counts them"
    )
    config.addinivalue_line("markers", "soak: runs only in `make soak` (DETENTE_SOAK=1)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("soak") and not SOAK:
            item.add_marker(pytest.mark.skip(reason="a long run: make soak"))
        for mark in item.iter_markers("outside"):
            # user_properties travel with the report, also from an xdist worker
            item.user_properties.append(("outside", str(mark.args[0])))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran, skipped = _outside_verifiers(terminalreporter)
    if not ran and not skipped:
        return
    terminalreporter.section("outside verifiers", sep="-")
    terminalreporter.line(f"outside verifiers: {len(ran)} ran, {len(skipped)} skipped")
    for name in sorted(ran):
        terminalreporter.line(f"  ran      {name}: {ran[name]} tests")
    for name, reasons in sorted(skipped.items()):
        terminalreporter.line(f"  skipped  {name}: {'; '.join(sorted(reasons))}")


def _outside_verifiers(
    reporter: pytest.TerminalReporter,
) -> tuple[dict[str, int], dict[str, set[str]]]:
    ran: dict[str, int] = defaultdict(int)
    skipped: dict[str, set[str]] = defaultdict(set)
    for outcome, name, report in _outside_reports(reporter):
        if outcome == "skipped":
            skipped[name].add(_reason(report))
        else:
            ran[name] += 1
    # A verifier that answered at all was there: its other skips are not absences.
    return dict(ran), {name: why for name, why in skipped.items() if name not in ran}


def _outside_reports(
    reporter: pytest.TerminalReporter,
) -> Iterator[tuple[str, str, pytest.TestReport]]:
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in reporter.stats.get(outcome, []):
            for key, value in getattr(report, "user_properties", []):
                if key == "outside":
                    yield outcome, str(value), report


def _reason(report: pytest.TestReport) -> str:
    place_and_reason = report.longrepr
    reason = place_and_reason[2] if isinstance(place_and_reason, tuple) else str(place_and_reason)
    return reason.removeprefix("Skipped: ")
