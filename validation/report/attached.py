"""``python -m validation.report.attached``: what ``python -m validation`` does, for as long as someone listens.

The process ends when its standard input does, so that a report that was killed leaves nothing behind that would write
into a folder together with the one that takes its place.
"""

from __future__ import annotations

import os
import sys
import threading

from validation.__main__ import main


def _end_with_the_input() -> None:
    # Not through sys.stdin: its lock would be held at shutdown. An error of the pipe is its end too.
    try:
        while os.read(0, 4096):
            pass
    finally:
        os._exit(130)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
