// Reads node configurations.
