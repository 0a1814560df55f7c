"""Spans around API calls and port calls; the rules know nothing of them."""
