"""The demonstration: a simulated person holds a spoken exchange with the served agent."""
