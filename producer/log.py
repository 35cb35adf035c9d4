"""What the producer says: one line each, ``HH:MM:SS LEVEL message``, on standard error, with psana's own beside it."""

import logging
import sys

logger = logging.getLogger("producer")


def start() -> None:
    """Send our lines to standard error, whatever psana does to the logging of others."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def info(message: str) -> None:
    logger.info(message)


def warning(message: str) -> None:
    logger.warning(message)


def error(message: str) -> None:
    logger.error(message)


def plain(message: str) -> None:
    """A line without time and level: a problem of a file as a compiler prints it."""
    print(message, file=sys.stderr, flush=True)
