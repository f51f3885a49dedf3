"""Run in the notebook's kernel before its first cell, so that no cell can end or silence the kernel unnoticed."""


def _settle(shell):  # type: ignore[no-untyped-def]
    import sys  # noqa: PLC0415 - outside, it would be a name of the notebook's

    # By themselves exit() and quit() end the kernel 0.1 s later, before or after what comes next (ipykernel, zmqshell).
    shell.ask_exit = sys.exit
    streams = {"stdout": sys.stdout, "stderr": sys.stderr}

    def restore():  # type: ignore[no-untyped-def]
        for name, stream in streams.items():
            try:
                getattr(sys, name).flush()
            except Exception:  # noqa: BLE001 - closed, None: the kernel flushes them after a cell, and would never answer
                setattr(sys, name, stream)

    shell.events.register("post_execute", restore)


_settle(get_ipython())  # type: ignore[name-defined,no-untyped-call]  # noqa: F821
del _settle
