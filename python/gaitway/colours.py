"""Colours that mean the same in every picture."""

#: What was asked of a robot or a joint, and what it did.
ASKED, DID = "#e8710a", "#1f6f8b"
