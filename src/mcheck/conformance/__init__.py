"""Real implementations held against specifications: adapters, monitors, logs, paths of a spec."""
