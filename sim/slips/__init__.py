"""Slips of a hand in the rules, one line at a time: would the simulator notice?"""
