"""`tracestitch check`, the gate in continuous integration: what was recorded in, findings and
an exit code out."""
