"""Everything that is kept of a session: sound, motion, events, transcript, latency, and a picture."""
