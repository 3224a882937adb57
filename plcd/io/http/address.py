"""Which names and addresses mean this machine alone."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether ``host`` can be reached from this machine only: ``localhost``, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """As it stands before ``:PORT``."""
    return f"[{host}]" if ":" in host else host
