"""Reads the repository: overlays, Applications, images and secrets; no cluster needed."""
