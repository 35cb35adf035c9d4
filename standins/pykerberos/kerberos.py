"""What psana's import of krtc needs of the Kerberos bindings on a machine without them: every attempt at a ticket
fails, as it does for a user who has none."""


class KrbError(Exception):
    pass


class GSSError(KrbError):
    pass


def authGSSClientInit(*args, **kwargs):
    raise GSSError("this environment has no Kerberos bindings")
