"""Two-party conversations with known motion, made from utterances whose phones are known."""
