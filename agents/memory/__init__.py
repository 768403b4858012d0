"""What the agent keeps in mind of a conversation that is longer than its model's prompt."""
