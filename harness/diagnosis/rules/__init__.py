"""The rules: each looks at the facts and says what it sees, one module per phase or family."""
