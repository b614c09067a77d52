"""The rules: each looks at the facts and says what it sees, one package per family of causes."""
