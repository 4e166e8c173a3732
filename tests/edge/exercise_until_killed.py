"""Plays one scene whose child process waits for ever; the test that runs it ends it.

python exercise_until_killed.py FIFO EVIDENCE
"""

import sys

from detente.cli.main import main
from detente.node.exercise import scenes
from detente.node.exercise.scene import Scene

if __name__ == "__main__":
    fifo, evidence = sys.argv[1:]

    def run(stage):
        stage.keep("begun", str(stage.directory).encode())
        # Reading a pipe that nobody writes to waits for ever.
        stage.detente("receipt", "verify", "no-file", "--policy", fifo)
        return "went on"

    scenes.SCRIPT = (Scene(name="wait", story="It waits.", expected="", run=run),)
    sys.argv = ["detente", "exercise", "--headless", "--evidence", evidence]
    main()
