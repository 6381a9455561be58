"""The doctor: looks at everything a duck needs to walk, moves nothing, and says what to do about what is wrong."""

from gaitway.doctor.finding import Finding, Verdict
from gaitway.doctor.visit import Patient, visit

__all__ = ["Finding", "Patient", "Verdict", "visit"]
