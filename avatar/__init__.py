"""The face: motion spaces, animators, idle life, and the file formats motion travels in."""
