"""Evidence: who signed which tree, what stands in it, and who shows two faces.

For: notes, checkpoints, proofs, tiles, witnesses, receipts and fork proofs over
opaque bytes; it cannot read an entry. Trusts: the TRUSTED stores of `ports` and
the keys it is given; every tile, entry, note and peer is checked.
Follows: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature
v1.1.0-rc.1, tlog-tiles v0.1.0, tlog-witness v1.0.0, tlog-proof and tlog-policy
(untagged), RFC 9162 section 2.1, draft-ietf-plants-merkle-tree-certs section 4.
"""
