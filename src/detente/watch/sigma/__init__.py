"""Sigma rules: read by pySigma, reduced to what the kernel runs; none dropped silently.

`compile_rules(files, wanted)` gives a `RuleSet`: a program for `watch.kernel`,
correlations for `Correlator`, and every rule that was refused with file, line and
reason. `to_bytes` and `from_bytes` keep a set, so that the next start loads no pySigma:
whoever only runs rules imports nothing else from here. Follows: Sigma specification 2.
"""
