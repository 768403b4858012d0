"""Videos of recordings: what was said, when, and who held the floor, as avatar.video draws it."""
