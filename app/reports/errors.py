"""What can be wrong with a template."""


class TemplateError(ValueError):
    """A template that cannot be filled in: which, where, and what is wrong with it."""
