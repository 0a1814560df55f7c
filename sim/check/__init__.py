"""Small worlds in full: every order and every fault of a scope, and no state twice."""
