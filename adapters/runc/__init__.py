"""The OCI runtime's command line."""
