"""The web pages that staff see, and one public page without log-in.

For: analysts and election staff on a bad night; every fact one click from its evidence.
Trusts: the node it runs in, and nobody who calls: a session is a passkey's, every form shows
its session's secret, and whatever a member or an event says is shown as inert text.
Follows: W3C Web Authentication 3 and Content Security Policy 3, WCAG 2.2 AA, the console of
the architecture (no logic of its own: what a page does, a command does too).
"""

from detente.console.hosting import Console, ConsoleAddress, serve_console

__all__ = ["Console", "ConsoleAddress", "serve_console"]
