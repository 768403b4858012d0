"""One conversation: the metronome, the floor, generations, what was heard."""
