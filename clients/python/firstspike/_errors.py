class Error(Exception):
    """What is wrong with a file or folder, and what to do about it."""
