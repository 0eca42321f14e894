"""Waiting for what cannot be watched."""

import time

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25


def wait_until(predicate, timeout, what, expected=(), check=None):
    """Calls predicate until it returns something true, and returns that. One of the expected
    exceptions means not yet and is shown if time runs out; check is called after each failure."""
    deadline = time.monotonic() + timeout
    pause = FIRST_PAUSE
    while True:
        trouble = None
        try:
            value = predicate()
            if value:
                return value
        except expected as error:
            trouble = error
        if check:
            check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s"
                               + (f"; last: {trouble}" if trouble else ""))
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
