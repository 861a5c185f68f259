//! Python cells in a host process.
