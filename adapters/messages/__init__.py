"""Protobuf messages of containerd's APIs, generated from our own .proto files."""
