"""The part of the bench that runs in a lab machine; the standard library is all it needs."""
