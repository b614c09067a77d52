"""What a repository needs and nobody declares: pure checks over its rendered sources."""
