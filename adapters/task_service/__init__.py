"""containerd's task API, versions 2 and 3, in front of the domain's use cases."""
