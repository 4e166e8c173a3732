"""Nodes meet over real sockets: what one says, the others hold, check and cosign. (issue 3)"""



from tests.edge.running_nodes import eventually, running


def test_a_warning_from_one_reaches_the_others(tmp_path):
    with running(tmp_path, "Aurel", "Borea", "Cantor") as nodes:
        aurel, *others = nodes.values()
        said = aurel.publish("198.51.100.7")
        for other in others:
            eventually(lambda other=other: said in other.statements(), within_s=10)
            assert other.statements()[said]["objects"] == 1
