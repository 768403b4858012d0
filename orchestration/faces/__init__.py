"""Every session's way to its face: slots lent as leases, one call a tick for all sessions of a process."""
