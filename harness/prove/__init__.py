"""Proves from outside that what is ready also works: a load balancer stand-in and a command."""
