"""Several engines for one job: the best one that works answers, and one that recovers comes back."""
