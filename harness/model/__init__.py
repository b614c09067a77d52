"""Words everyone shares: frozen values without effects. Imports nothing of ours."""
