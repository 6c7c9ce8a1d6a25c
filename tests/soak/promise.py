"""How an episode ends when it does not end well."""


class Broken(Exception):
    """A promise of photond's or libmuon's does not hold; the text says which, and what was seen."""


class Skipped(Exception):
    """This machine cannot do the attack; the text says what it lacks."""
