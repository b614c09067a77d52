"""Every image the overlays name is served under its declared name: planned, built, delivered."""
