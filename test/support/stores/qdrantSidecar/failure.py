"""What a request fails with, in the words and codes of Qdrant's REST interface."""


class RequestFailure(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


def bad_input(message: str) -> RequestFailure:
    return RequestFailure(400, f"Wrong input: {message}")


def bad_body(message: str) -> RequestFailure:
    return RequestFailure(400, f"Format error in JSON body: {message}")


def no_collection(name: str) -> RequestFailure:
    return RequestFailure(404, f"Not found: Collection `{name}` doesn't exist!")
