"""The binary that containerd runs: `start`, `delete` and `-info`.

containerd runs it for every container, so all but two of its modules are *lean*: they import
`os`, built-in modules and each other. `info` and `without_daemon` may import what they need;
they are loaded only where they are wanted. tests/entrypoints/shim/test_lean.py holds the line.
"""
