"""Container stdio: FIFOs and terminals."""
