"""From a real stake distribution to the behaviour that brings it about: the delegation market, fitted."""
