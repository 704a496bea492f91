"""Text that the gate runs both models on: one sentence or paragraph a line."""

import os

from .failures import BridgeError

OWN_TEXT = os.path.join(os.path.dirname(__file__), "calibration.txt")


def calibration_lines(path: str | None) -> list[str]:
    """Lines that are not blank. @raise InvalidRequest when there are none or they cannot be read"""
    place = path or OWN_TEXT
    try:
        with open(place, encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise BridgeError("InvalidRequest", f"{place}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BridgeError("InvalidRequest", f"{place}: is not UTF-8 at byte {error.start}") from error
    lines = [line for line in lines if line]
    if not lines:
        raise BridgeError("InvalidRequest", f"{place}: holds no text; expected a sentence a line")
    return lines
