"""Images that cannot be pulled for their own or the registry's sake (I01 to I15)."""
