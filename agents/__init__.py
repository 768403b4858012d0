"""The mind: personas, dialogue memory, language models, clause splitting, simulated users."""
