"""Audits from a folder of public files: committed, drawn, entered, judged, verified by anybody.

For: an office that audits a contest, and a rival that recomputes each figure
of it from the same folder. Trusts: nothing in the folder; what counts as
committed is said by a receipt under the reader's own policy. Follows:
docs/guides/audit.md.
"""
