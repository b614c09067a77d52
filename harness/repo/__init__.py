"""Reads the repository: overlays, Applications, images and secrets it asks for. No cluster needed."""
