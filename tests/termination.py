"""SIGTERM ends a run of tests as Ctrl-C does, so that fixtures remove their labs and namespaces.

xdist kills its workers ten seconds after an interruption (`NodeManager.EXIT_TIMEOUT`), and execnet
interrupts them again after five. A lab may take longer, so they are asked and waited for before.
"""

import os
import signal

import pytest

WAIT = 120.0
"""Seconds for all that a worker's fixtures remove."""


class Termination:
    """The plugin of one process: of pytest alone, of xdist's controller, or of a worker."""

    def __init__(self):
        self.asked = False
        self.removing = False
        """Whether fixtures are being torn down, which nothing must cut off."""
        self.session = None
        self.workers = []

    def __call__(self, *_):
        # `timeout` and `kill -- -GROUP` send it more than once to the same process.
        if self.asked:
            return
        self.asked = True
        if self.session:
            # Whatever catches the interruption, as Click does, ends one test and not more.
            self.session.shouldstop = "ended by SIGTERM"
        if not self.removing:
            raise KeyboardInterrupt

    def pytest_sessionstart(self, session):
        self.session = session

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self):
        self.removing = True
        try:
            return (yield)
        finally:
            self.removing = False

    def pytest_keyboard_interrupt(self):
        self.asked = True

    def pytest_testnodeready(self, node):
        self.workers.append(node)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        # It tears down what is left.
        self.removing = True
        if not self.asked:
            return
        working = [node for node in self.workers if not node.channel.isclosed()]
        for node in working:
            # xdist has asked for it before; no public name has the process.
            os.kill(node.gateway._rinfo().pid, signal.SIGTERM)  # noqa: SLF001
        for node in working:
            node.channel.waitclose(WAIT)


def install(config):
    """Let SIGTERM end this run."""
    plugin = Termination()
    config.pluginmanager.register(plugin)
    before = signal.signal(signal.SIGTERM, plugin)
    config.add_cleanup(lambda: signal.signal(signal.SIGTERM, before))
