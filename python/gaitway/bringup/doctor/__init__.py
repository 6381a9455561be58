"""The doctor: looks at everything a robot needs to run, moves nothing, and says what to do about what is wrong."""

from gaitway.bringup.doctor.finding import Finding, Verdict
from gaitway.bringup.doctor.visit import Patient, visit

__all__ = ["Finding", "Patient", "Verdict", "visit"]
