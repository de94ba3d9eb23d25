"""The command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Runs `qa`; every error is one sentence on stderr and an exit code, never a traceback."""
    from qa.errors import QAError

    debug = "--debug" in sys.argv or os.environ.get("QA_DEBUG") == "1"
    try:
        from qa.cli import (  # noqa: F401 - their commands join the app's
            backup,
            chat,
            doctor,
            documents,
            evaluation,
            fetching,
            ingesting,
            keys,
            mcp,
            serving,
            tuning,
            verifying,
            watching,
        )
        from qa.cli.app import app

        app()
    except QAError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if debug:
            raise
        _fail(f"qa failed unexpectedly ({type(error).__name__}: {error}); --debug shows where.", 1)


def _fail(message: str, code: int) -> None:
    from qa.cli.terminal import printable

    print(f"Error: {printable(message)}", file=sys.stderr)
    sys.exit(code)
