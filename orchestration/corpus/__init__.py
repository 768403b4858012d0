"""Speech with known phones for training: recordings and synthetic voices, aligned and kept in a bank."""
