"""The ttrpc protocol: codec, server and client; knows nothing of shims."""
