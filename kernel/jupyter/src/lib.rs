//! The Jupyter wire protocol.
