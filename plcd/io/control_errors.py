"""What can go wrong around control. Every message is one line that says what, and where it can, what to do."""


class ControlError(Exception):
    """A request was refused: unknown, malformed, or not possible now. The asker gets the message."""


class ControlEndpointError(Exception):
    """The text given for an endpoint, or the keys it needs, cannot be used."""


class ControlAddressError(Exception):
    """The endpoint is well formed but cannot be bound: in use, no permission, no such directory."""


class ControlUnavailableError(Exception):
    """No daemon answers at the endpoint (or it does not accept these keys)."""
