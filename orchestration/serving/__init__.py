"""Ray Serve: thin deployments round the rooms' engines, and the proxies a session reaches them by."""
